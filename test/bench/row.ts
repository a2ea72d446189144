/** One figure of a benchmark. `raw` is the bare loop's figure from the same run; `ratio` compares the two as rates: higher is better. */
export interface Row {
  readonly bench: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly raw: number | null;
  readonly ratio: number | null;
}

/** A benchmark: measures and returns its rows; `note` says on stderr what it is doing. */
export type Bench = (note: (text: string) => void) => Promise<readonly Row[]>;
