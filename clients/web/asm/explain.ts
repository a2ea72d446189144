/** One plain sentence for an instruction, and where it leads. */
import { fromHex, type Hex, toHex } from '../../../protocol/address.ts';
import { rangeOf as rangeA64 } from './arm64/branches.ts';
import { sentence as sentenceA64 } from './arm64/explain.ts';
import { kindOf } from './kind.ts';
import { type Parsed, parse } from './parse.ts';
import { tokens } from './tokens.ts';
import type { Arch, CodeLine, Kind, NameOf, Range, Reach } from './types.ts';
import { namedBy, sentence as sentenceX86 } from './x86-64/explain.ts';

export interface Explanation {
  /** Without a full stop. */
  readonly sentence: string;
  /** False where no rule knows the instruction and the sentence only says that. */
  readonly specific: boolean;
  readonly kind: Kind;
  /** The address that it branches to, computes or reads, and what it could reach; null where it names none. */
  readonly reach: Reach | null;
}

/** `nameOf` gives the symbol of an address, so that the sentence says it; without it, the address is said. */
export function explain(arch: Arch, line: CodeLine, nameOf?: NameOf): Explanation {
  const parsed = parse(line.text);
  const named = arch === 'arm64' ? namedA64(line, parsed) : namedBy(line, parsed);
  const reach = named && reachOf(fromHex(line.address), named.target, named.range);
  const name = (address: Hex): string => nameOf?.(address) ?? address;
  const around = { bytes: line.bytes, reach, name };
  const said = arch === 'arm64' ? sentenceA64(parsed, around) : sentenceX86(parsed, around);
  // No number where a rule wants one: rather no explanation than a wrong one.
  const found = said !== undefined && /\bNaN\b/.test(said) ? undefined : said;
  return {
    sentence: found === undefined ? unknown(arch, parsed, line) : tidy(found),
    specific: found !== undefined,
    kind: kindOf(parsed.mnemonic, parsed.operands.join(', ')),
    reach: reach ?? null,
  };
}

/** One of something is no plural, and a minus is no hyphen. */
const tidy = (sentence: string): string => sentence.replace(/\b1 bits\b/g, '1 bit').replace(/(?<=^|[ (])-(?=\d)/g, '−');

const reachOf = (from: number, target: number, range: Range): Reach => ({
  ...range,
  target: toHex(target),
  distance: target - from,
});

function namedA64({ address, text }: CodeLine, { mnemonic }: Parsed): { target: number; range: Range } | undefined {
  const range = rangeA64(mnemonic, fromHex(address));
  const label = range && tokens(text).findLast((token) => token.type === 'address');
  return range && label?.type === 'address' ? { target: fromHex(label.address), range } : undefined;
}

function unknown(arch: Arch, { mnemonic }: Parsed, { bytes }: CodeLine): string {
  const size = bytes.length >> 1;
  if (mnemonic.startsWith('.'))
    return `data, or an instruction of ${arch} that the disassembler does not know (${bytes})`;
  return `${mnemonic}: an instruction of ${arch}, ${size} byte${size === 1 ? '' : 's'} long, that has no explanation here yet`;
}
