/** What every question works with: the state at a position, memory, names, and a general disassembler. */

import { fromHex, toHex } from '../../../protocol/address.ts';
import type { Instruction } from '../../../protocol/inspect.ts';
import type { Code } from '../arch/static-call.ts';
import { codeOf } from '../arch/static-call.ts';
import type { State } from '../state.ts';
import { type ArchName, disassemble, type General } from './disassemble.ts';
import { type Files, type Memory, memoryOf } from './memory.ts';
import { type NameOf, namer } from './names.ts';

export interface Subject {
  readonly state: State;
  readonly arch: ArchName;
  readonly memory: Memory;
  readonly name: NameOf;
  readonly general: General;
}

/** Why a question has no answer. */
export interface NoAnswer {
  readonly ok: false;
  readonly code: 'no-such-blob' | 'not-found' | 'bad-command' | 'no-such-machine';
  readonly message: string;
}
export type Answered<T> = { readonly ok: true; readonly value: T } | NoAnswer;

export const noAnswer = (code: NoAnswer['code'], message: string): NoAnswer => ({ ok: false, code, message });

export function subjectOf(state: State, files: Files, general: General): Subject {
  const memory = memoryOf(state, files);
  return { state, arch: state.profile?.arch ?? 'arm64', memory, name: namer(state, memory), general };
}

export function bytesOf(code: Code): Uint8Array {
  const bytes = new Uint8Array(code.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(code.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

/** Instructions of `code`, each with what stands at its address. */
export function instructionsOf(
  { arch, general, name }: Subject,
  address: number,
  code: Code,
  count: number,
): Instruction[] {
  return disassemble(arch, bytesOf(code), address, count, general).map((line) => {
    return { address: toHex(line.address), bytes: codeOf(line.bytes), text: line.text, symbol: name(line.address) };
  });
}

/** One line of assembler for all of `code`. */
export function textOf({ arch, general }: Subject, address: number, code: Code): string {
  return disassemble(arch, bytesOf(code), address, code.length, general)
    .map(({ text }) => text)
    .join('; ');
}

/** Says which files would tell more. */
export function unknownNotes({ memory, state }: Subject): string[] {
  return [...memory.unknown].map((module) => {
    const blob = state.modules.get(module)?.blob ?? '';
    return `the file of ${module} (sha256 ${blob}) is not stored: only what events say of it is known`;
  });
}

/** True inside the kernel's image. */
export function inKernel({ profile }: State, address: number): boolean {
  if (!profile) return false;
  const { text, end } = profile.source.kernel;
  return address >= fromHex(text) && address < fromHex(end);
}
