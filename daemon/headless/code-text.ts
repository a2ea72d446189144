/** What static calls write, as assembler: for the command line, which has bytes from the view and no daemon to ask. */
import { fromHex, type Hex } from '../../protocol/address.ts';
import { text as textA64 } from '../kernel/arch/arm64/insn.ts';
import { wordAt } from '../kernel/arch/static-call.ts';
import { textOf as textX86 } from '../kernel/arch/x86-64/insn.ts';

/** One line for the instructions of `bytes` (hex digits in memory order) at `address`. */
export function codeText(arch: string, address: Hex, bytes: string): string {
  const at = fromHex(address);
  if (arch !== 'arm64') return textX86(at, bytes);
  const lines: string[] = [];
  for (let i = 0; i * 2 < bytes.length; i += 4) lines.push(textA64(wordAt(bytes, i), at + i));
  return lines.join('; ');
}

/** A view holds six bytes of each x86-64 site, as a conditional tail call has them; the call itself has five in all others. */
export const siteCode = (arch: string, bytes: string): string =>
  arch === 'x86-64' && !bytes.startsWith('0f8') ? bytes.slice(0, 10) : bytes;
