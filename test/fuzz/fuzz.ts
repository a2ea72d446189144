/** Runs anything that judges a module file over many damaged ones. */
import { expect } from 'vitest';
import { createRandom, damage } from './mutate.ts';

/** What a judge says of a file: taken, or refused for a reason that has every part. */
export type Outcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly fault: {
        readonly offset: number;
        readonly field: string;
        readonly found: string;
        readonly expected: string;
      };
    };

export interface FuzzResult {
  readonly accepted: number;
  readonly refused: number;
  /** How often each field was named, digits left out. */
  readonly fields: ReadonlyMap<string, number>;
}

/** FUZZ_SEED and FUZZ_INPUTS change a run; a failure names the input so that it can be made again. */
export function fuzz(corpus: readonly Uint8Array[], judge: (bytes: Uint8Array) => Outcome): FuzzResult {
  const seed = Number(process.env.FUZZ_SEED ?? 20260101);
  const inputs = Number(process.env.FUZZ_INPUTS ?? 100_000);
  const random = createRandom(seed);
  console.log(`fuzz: ${inputs} inputs, FUZZ_SEED=${seed}`);
  const fields = new Map<string, number>();
  let accepted = 0;
  for (let i = 0; i < inputs; i++) {
    const bytes = damage(corpus, random);
    let outcome: Outcome;
    try {
      outcome = judge(bytes);
    } catch (error) {
      throw new Error(`input ${i} of FUZZ_SEED=${seed} made it throw`, { cause: error });
    }
    if (outcome.ok) {
      accepted++;
      continue;
    }
    const { offset, field, found, expected } = outcome.fault;
    const complete = Number.isSafeInteger(offset) && offset >= 0 && field !== '' && found !== '' && expected !== '';
    if (!complete) expect.fail(`input ${i} of FUZZ_SEED=${seed}: ${JSON.stringify(outcome.fault)}`);
    const kind = field.replace(/\([^)]*\)|0x[0-9a-f]+|\d+/g, '').trim();
    fields.set(kind, (fields.get(kind) ?? 0) + 1);
  }
  return { accepted, refused: inputs - accepted, fields };
}
