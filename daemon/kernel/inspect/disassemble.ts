/**
 * Bytes as lines of assembler: what the loader and static calls write by our own tables, everything else by a general
 * disassembler that the caller brings along.
 */
import type { MachineProfile } from '../../../protocol/profile.ts';
import { decode as decodeA64, text as textA64 } from '../arch/arm64/insn.ts';
import { decode as decodeX86, text as textX86 } from '../arch/x86-64/insn.ts';

export type ArchName = MachineProfile['arch'];

/** The first instruction of `bytes`; undefined where there is none. */
export type General = (
  arch: ArchName,
  bytes: Uint8Array,
  address: number,
) => { readonly size: number; readonly text: string } | undefined;

export interface Line {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly text: string;
}

const WORD = 4;

/** At most `count` instructions from `address` on. What no table knows is `.inst` or `.byte`; bytes left over at the end are told as such. */
export function disassemble(
  arch: ArchName,
  bytes: Uint8Array,
  address: number,
  count: number,
  general: General,
): readonly Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < bytes.length && lines.length < count; ) {
    const rest = bytes.subarray(at);
    const { size, text } = arch === 'arm64' ? oneA64(rest, address + at, general) : oneX86(rest, address + at, general);
    lines.push({ address: address + at, bytes: rest.subarray(0, size), text });
    at += size;
  }
  return lines;
}

function oneA64(bytes: Uint8Array, pc: number, general: General): { readonly size: number; readonly text: string } {
  if (bytes.length < WORD) return { size: bytes.length, text: raw(bytes) };
  const word = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (decodeA64(word, pc)) return { size: WORD, text: textA64(word, pc) };
  return general('arm64', bytes.subarray(0, WORD), pc) ?? { size: WORD, text: textA64(word, pc) };
}

function oneX86(bytes: Uint8Array, pc: number, general: General): { readonly size: number; readonly text: string } {
  const known = decodeX86(bytes, pc);
  if (known) return { size: known.insn.length, text: textX86(bytes, pc) };
  return general('x86-64', bytes, pc) ?? { size: 1, text: raw(bytes.subarray(0, 1)) };
}

const raw = (bytes: Uint8Array): string =>
  `.byte ${[...bytes].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(', ')}`;
