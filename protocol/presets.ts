/** GET /presets: the invented machines that a boot can name, the one that it takes unless told first. */
import type { MachineProfile } from './profile.ts';

export interface PresetAnswer {
  readonly name: string;
  /** Windows and what is reserved of them follow from layout and kernel image. */
  readonly profile: Omit<MachineProfile, 'moduleRegion' | 'reserved'>;
}
