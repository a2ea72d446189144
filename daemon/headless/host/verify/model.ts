/** A host's module beside what the layout rules make of its file. */
import type { Candidate } from '../../../kernel/loader/candidate.ts';
import type { LaidOut } from '../../../kernel/loader/layout.ts';
import type { Profile } from '../../../kernel/profile.ts';
import type { HostArea } from './verdict.ts';

export interface Model {
  readonly profile: Profile;
  readonly candidate: Candidate;
  readonly laidOut: LaidOut;
  readonly areas: readonly HostArea[];
  readonly bytes: Uint8Array;
}

export const pages = (size: number, { pageSize }: Profile) => Math.ceil(size / pageSize) * pageSize;

/** By name, what the loader keeps and shows: sections that are not empty and have a place. */
export function placedSections(candidate: Candidate, laidOut: LaidOut): ReadonlyMap<string, number> {
  const index = new Map<string, number>();
  for (const { index: at, name, size } of candidate.sections) {
    if (size > 0 && (laidOut.partOf[at] ?? -1) >= 0 && !index.has(name)) index.set(name, at);
  }
  return index;
}

export const hex = (value: number) => `0x${value.toString(16)}`;
export const list = (names: readonly string[]) =>
  names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(' and ');
