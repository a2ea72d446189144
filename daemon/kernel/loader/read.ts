/** What a stored module is: an ELF file, or a manifest that stands for one. */
import type { Arch } from '../arch/select.ts';
import type { Profile } from '../profile.ts';
import type { Candidate, Introduction, Outcome } from './candidate.ts';
import { introduceElf } from './elf-candidate.ts';
import { introduceManifest } from './manifest-candidate.ts';

const OPENING_BRACE = 0x7b;

/** Reads either, as far as it takes to know who it is. */
export function introduce(bytes: Uint8Array, profile: Profile, arch: Arch): Outcome<Introduction> {
  return bytes[0] === OPENING_BRACE ? introduceManifest(bytes, profile) : introduceElf(bytes, profile, arch);
}

/** Reads either, with its sections as they are laid out. */
export function readCandidate(bytes: Uint8Array, profile: Profile, arch: Arch): Outcome<Candidate> {
  const read = introduce(bytes, profile, arch);
  return read.ok ? read.value.prepare() : read;
}
