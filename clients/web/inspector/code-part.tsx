/** The disassembly around an address; where the module's file is not there, the bytes that events tell. */
import { useMemo, useState } from 'preact/hooks';
import type { WhyAnswer } from '../../../protocol/inspect.ts';
import type { Arch } from '../asm/types.ts';
import type { Model } from '../model/model.ts';
import type { Spot } from '../model/queries/spot.ts';
import { useAsm } from '../ui/asm.ts';
import { codeAround, type Extent, isUnknown } from './code-around.ts';
import { Part } from './facts.tsx';
import type { Line } from './lines.ts';
import { Listing } from './listing.tsx';
import { useAskedAt } from './position.ts';
import { useQuestion } from './question.ts';
import { Refused } from './refused.tsx';
import { codeOf, useNames } from './use-names.ts';

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
  const nameOf = useNames(
    model,
    useMemo(() => codeOf(lines), [lines]),
    spot.owner,
  );
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
