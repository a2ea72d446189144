/** The disassembly around an address; where the module's file is not there, the bytes that events tell. */
import { useCallback, useMemo, useState } from 'preact/hooks';
import { fromHex, type Hex } from '../../../protocol/address.ts';
import type { WhyAnswer } from '../../../protocol/inspect.ts';
import type { Arch, NameOf } from '../asm/types.ts';
import type { Model } from '../model/model.ts';
import type { Spot } from '../model/queries/spot.ts';
import { useAnswer } from '../model/use-answer.ts';
import { useAsm } from '../ui/asm.ts';
import { symbolAt } from '../ui/symbols.ts';
import { codeAround, type Extent, isUnknown } from './code-around.ts';
import { Part } from './facts.tsx';
import type { Line } from './lines.ts';
import { Listing } from './listing.tsx';
import { useAskedAt } from './position.ts';
import { useQuestion } from './question.ts';
import { Refused } from './refused.tsx';

const AT_FIRST: Extent = { before: 6, from: 14 };
const MORE = 16;

export interface CodePartProps {
  readonly model: Model;
  readonly arch: Arch;
  readonly spot: Spot;
  /** What stands there, where the answer is there already. */
  readonly known: WhyAnswer | undefined;
}

export function CodePart({ model, arch, spot, known }: CodePartProps) {
  const [{ before, from }, setExtent] = useState(AT_FIRST);
  const asked = useAskedAt();
  const key = asked && `${asked.key} code ${spot.start} ${spot.size} ${before} ${from}`;
  const { answer, error, stale } = useQuestion(key, () => {
    if (asked === null) throw new TypeError('there is no position');
    return codeAround(asked, arch, spot, { before, from });
  });
  const told = useToldLines(arch, error !== undefined && isUnknown(error) ? known : undefined);
  const lines = error === undefined ? (answer ?? []) : told;
  const nameOf = useNames(model, lines);
  const more = lines.length > 0 && error === undefined && spot.section !== null;
  return (
    <Part
      title="Disassembly"
      stale={stale}
      controls={
        more && (
          <span class="part-controls">
            <button type="button" onClick={() => setExtent({ before: before + MORE, from })}>
              more before
            </button>
            <button type="button" onClick={() => setExtent({ before, from: from + MORE })}>
              more after
            </button>
          </span>
        )
      }
    >
      {error !== undefined && <Refused error={error} />}
      {lines.length > 0 && (
        <Listing arch={arch} lines={lines} chosen={spot.start} nameOf={nameOf} label="Instructions" />
      )}
    </Part>
  );
}

/** What the events say of a place whose module file is not there. */
function useToldLines(arch: Arch, known: WhyAnswer | undefined): readonly Line[] {
  const asm = useAsm();
  return useMemo(() => {
    if (asm === null || known === undefined || known.bytes === null || known.text === null) return [];
    const { place, bytes, text } = known;
    return asm.split(arch, { address: place.address, bytes, text }).map((line) => ({ ...line, symbol: null }));
  }, [asm, arch, known]);
}

/** Names of what the lines lead to: of the listing itself, of the view, and then as the daemon knows them. */
export function useNames(model: Model, lines: readonly Line[]): NameOf {
  const asm = useAsm();
  const targets = useMemo(() => {
    const found = new Set<Hex>();
    for (const { text } of asm === null ? [] : lines) {
      for (const token of asm?.tokens(text) ?? []) if (token.type === 'address') found.add(token.address);
    }
    return [...found].sort();
  }, [asm, lines]);
  const named = useAnswer(model, 'names', targets);
  const own = useMemo(() => new Map(lines.map(({ address, symbol }) => [address, symbol])), [lines]);
  return useCallback<NameOf>(
    (address) => own.get(address) ?? named?.[targets.indexOf(address)] ?? symbolAt(fromHex(address)),
    [own, named, targets],
  );
}
