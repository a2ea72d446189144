/** Gives each name a number that stays. */
export interface Names {
  of(name: string): number;
  readonly count: number;
  /** Those that were met since the last call. */
  fresh(): readonly string[];
}

export function openNames(): Names {
  const numbers = new Map<string, number>();
  let fresh: string[] = [];
  return {
    of(name) {
      const known = numbers.get(name);
      if (known !== undefined) return known;
      const number = numbers.size;
      numbers.set(name, number);
      fresh.push(name);
      return number;
    },
    get count() {
      return numbers.size;
    },
    fresh() {
      const taken = fresh;
      fresh = [];
      return taken;
    },
  };
}
