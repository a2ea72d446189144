/** What events tell of the instructions in a range of addresses, for memory whose module's file nobody has: sites, veneers, trampolines. */
import { fromHex } from '../../../../protocol/address.ts';
import type { View } from '../../../../protocol/view/types.ts';

/** One instruction. `bytes` are hex digits in memory order. */
export interface Word {
  readonly address: number;
  readonly bytes: string;
  /** As assembler where that is known, else what it is for. */
  readonly text: string;
  /** NAME+0xOFFSET [MODULE], or what is known of its place. */
  readonly symbol: string | null;
}

const WORD = 4;

/** In order of address. */
export function wordsQuery(
  view: View,
  { start, end }: { readonly start: number; readonly end: number },
): readonly Word[] {
  const inside = ({ address }: Word): boolean => address >= start && address < end;
  return [...sites(view), ...veneers(view), ...trampolines(view)].filter(inside).sort((a, b) => a.address - b.address);
}

function* sites({ staticCalls }: View): Generator<Word> {
  for (const { site, key, link } of staticCalls.sites.values()) {
    if (site.bytes === null) continue;
    yield { address: fromHex(site.address), bytes: site.bytes, text: `call ${key}`, symbol: `site [${link.owner}]` };
  }
}

function* veneers({ modules }: View): Generator<Word> {
  for (const { name, veneers: written } of modules.values()) {
    for (const { address, words, symbol, slot } of written) {
      const first = fromHex(address);
      for (const [i, word] of words.entries()) {
        const text = i === 0 ? `veneer ${symbol}` : '"';
        yield { address: first + i * WORD, bytes: littleEndian(word), text, symbol: `PLT ${slot} [${name}]` };
      }
    }
  }
}

function* trampolines({ staticCalls }: View): Generator<Word> {
  for (const { name, tramp, text, bytes } of staticCalls.keys.values()) {
    const instructions = text.split('; ');
    const length = bytes.length / instructions.length;
    for (const [i, instruction] of instructions.entries()) {
      const address = fromHex(tramp) + (i * length) / 2;
      yield {
        address,
        bytes: bytes.slice(i * length, (i + 1) * length),
        text: instruction,
        symbol: `${name} trampoline`,
      };
    }
  }
}

function littleEndian(word: string): string {
  return (word.match(/../g) ?? []).reverse().join('');
}
