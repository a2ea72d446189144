/** What a stored module is: an ELF file, or a manifest that stands for one. */
import type { KernelError } from '../arch/arch.ts';
import type { Arch } from '../arch/select.ts';
import type { Profile } from '../profile.ts';
import type { Candidate } from './candidate.ts';
import { readElfCandidate } from './elf-candidate.ts';
import { readManifestCandidate } from './manifest-candidate.ts';

const OPENING_BRACE = 0x7b;

/** Reads either; `name` names the module where it could be read that far, and is empty where not. */
export function readCandidate(
  bytes: Uint8Array,
  profile: Profile,
  arch: Arch,
):
  | { readonly ok: true; readonly value: Candidate }
  | { readonly ok: false; readonly name: string; readonly error: KernelError } {
  const read =
    bytes[0] === OPENING_BRACE ? readManifestCandidate(bytes, profile) : readElfCandidate(bytes, profile, arch);
  return read.ok ? read : { ...read, name: '' };
}
