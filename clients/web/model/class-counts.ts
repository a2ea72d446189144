/** How many sites are of each class, by key and in all: what callClasses and classesOf say, out of the sites' columns. */
import { CLASSES } from '../../../protocol/view/static-call.ts';
import type { Sites } from './scene.ts';

export interface ClassCounts {
  /** Of the keys that are there. */
  readonly all: readonly number[];
  /** Of the key with a number. */
  of(key: number): readonly number[];
  /** `numbers`: how many there are; `keys`: those of the keys that are there. */
  count(sites: Pick<Sites, 'key' | 'class'>, numbers: number, keys: Uint32Array): void;
}

const WIDTH = CLASSES.length;

export function openClassCounts(): ClassCounts {
  let counts = new Uint32Array(0);
  let all: number[] = CLASSES.map(() => 0);
  const of = (key: number): readonly number[] => [...counts.subarray(key * WIDTH, (key + 1) * WIDTH)];
  return {
    get all() {
      return all;
    },
    of,
    count(sites, numbers, keys) {
      counts = new Uint32Array(numbers * WIDTH);
      for (let i = 0; i < sites.key.length; i++) {
        const at = (sites.key[i] as number) * WIDTH + (sites.class[i] as number);
        counts[at] = (counts[at] as number) + 1;
      }
      all = CLASSES.map(() => 0);
      for (const key of keys)
        for (const [kind, number] of of(key).entries()) all[kind] = (all[kind] as number) + number;
    },
  };
}
