/** Names for the addresses in assembler text: those that are told beside it, those of the view, and then as the daemon knows them. */
import { useMemo } from 'preact/hooks';
import { fromHex, type Hex } from '../../../protocol/address.ts';
import type { Instruction } from '../../../protocol/inspect.ts';
import type { NameOf } from '../asm/types.ts';
import type { Model } from '../model/model.ts';
import { useAnswer } from '../model/use-answer.ts';
import { type Asm, useAsm } from '../ui/asm.ts';
import { symbolAt } from '../ui/symbols.ts';

/** Texts, and what is told of addresses with them. */
export interface NamedCode {
  readonly texts: readonly string[];
  readonly told: ReadonlyMap<Hex, string>;
}

export function codeOf(lines: readonly Pick<Instruction, 'address' | 'text' | 'symbol'>[]): NamedCode {
  const told = lines.flatMap(({ address, symbol }): [Hex, string][] => (symbol === null ? [] : [[address, symbol]]));
  return { texts: lines.map(({ text }) => text), told: new Map(told) };
}

/**
 * The function stays the same until a name comes. `code` has to stay the same object as long as it says the same; names of
 * the module `home` stand without it.
 */
export function useNames(model: Model, { texts, told }: NamedCode, home: string | null = null): NameOf {
  const asm = useAsm();
  const targets = useMemo(() => (asm === null ? [] : targetsOf(asm, texts)), [asm, texts]);
  const viewed = useAnswer(model, 'names', targets);
  const names = targets.map((target, index) => viewed?.[index] ?? told.get(target) ?? symbolAt(fromHex(target)));
  const known = names.join('\n');
  return useMemo<NameOf>(() => {
    const byAddress = new Map(targets.map((target, index) => [target, names[index]?.replace(` [${home}]`, '')]));
    return (address) => byAddress.get(address);
  }, [targets, known, home]);
}

/** The page that an adrp names is the start of nothing. */
function targetsOf(asm: Asm, texts: readonly string[]): readonly Hex[] {
  const found = new Set<Hex>();
  for (const text of texts) {
    let page = false;
    for (const token of asm.tokens(text)) {
      if (token.type === 'mnemonic') page = token.kind === 'address';
      if (token.type === 'address' && !page) found.add(token.address);
    }
  }
  return [...found].sort();
}
