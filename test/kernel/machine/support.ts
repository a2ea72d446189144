import { boot } from '../../../daemon/kernel/machine/boot.ts';
import { initialState } from '../../../daemon/kernel/state.ts';
import { fromHex } from '../../../protocol/address.ts';
import type { CommandOf } from '../../../protocol/commands.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';

type Fields = Omit<CommandOf<'boot'>, 'type'>;

/** The profile that a fresh machine boots with. */
export function booted(fields: Fields): MachineProfile {
  const decision = boot(initialState(), { type: 'boot', ...fields });
  if (!decision.ok) throw new Error(decision.message);
  const [event, ...rest] = decision.events;
  if (event?.type !== 'MachineBooted' || rest.some(({ type }) => type === 'MachineBooted'))
    throw new Error('expected one MachineBooted, first');
  return event.profile;
}

/** Why a fresh machine does not boot: code and message. */
export function refused(fields: Fields): string {
  const decision = boot(initialState(), { type: 'boot', ...fields });
  return decision.ok ? 'booted' : `${decision.code}: ${decision.message}`;
}

/** A window's numbers. */
export function windowOf(window: MachineProfile['moduleRegion']['direct']): {
  start: number;
  end: number;
  size: number;
} {
  if (!window) throw new Error('expected a window');
  const [start, end] = [fromHex(window.start), fromHex(window.end)];
  return { start, end, size: end - start };
}
