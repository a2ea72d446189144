/** The text of a patch holds several instructions: each with its own address and bytes, as the other modules take them. */
import { fromHex, toHex } from '../../../protocol/address.ts';
import { wordOf } from './fields.ts';
import type { Arch, CodeLine } from './types.ts';
import { lengthAt } from './x86-64/fields.ts';

const WORD = 4;
const SEPARATOR = '; ';
const INT3 = 'cc';

/** `text` and `bytes` as StaticCallPatched has them (protocol/events/static-call.ts). Bytes that no text tells are lines of their own. */
export function split(arch: Arch, { address, bytes, text }: CodeLine): readonly CodeLine[] {
  const start = fromHex(address);
  const texts = text === '' ? [] : text.split(SEPARATOR);
  const lines: CodeLine[] = [];
  for (let at = 0; at * 2 < bytes.length; ) {
    const rest = bytes.slice(at * 2);
    // int3 that fill a place up are not in the text.
    const filler = arch === 'x86-64' && rest.startsWith(INT3) && texts[0] !== 'int3';
    const told = filler ? 'int3' : texts.shift();
    const size = Math.min(told === undefined ? rest.length >> 1 : sizeOf(arch, rest), rest.length >> 1);
    const own = rest.slice(0, size * 2);
    lines.push({ address: toHex(start + at), bytes: own, text: told ?? raw(arch, own) });
    at += size;
  }
  return lines;
}

/** The last text of an instruction that no table knows has the rest of the bytes. */
const sizeOf = (arch: Arch, rest: string): number => (arch === 'arm64' ? WORD : (lengthAt(rest) ?? rest.length >> 1));

const raw = (arch: Arch, bytes: string): string =>
  arch === 'arm64' && bytes.length === WORD * 2
    ? `.inst 0x${wordOf(bytes).toString(16).padStart(8, '0')}`
    : `.byte ${(bytes.match(/../g) ?? []).map((byte) => `0x${byte}`).join(', ')}`;
