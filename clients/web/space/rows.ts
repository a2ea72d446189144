/** What lies where on the canvas, from the top: the overview with its brackets, arcs, ticks of sites, the strip, addresses. */

export interface Row {
  readonly top: number;
  readonly height: number;
}

export interface Rows {
  /** All of the overview. */
  readonly overview: Row;
  /** Brackets of the fallback and the direct window. */
  readonly brackets: readonly [Row, Row];
  readonly world: Row;
  /** The bracket of the kernel image. */
  readonly below: Row;
  readonly arcs: Row;
  readonly sites: Row;
  readonly strip: Row;
  /** What differs from the machine beside; no height without one. */
  readonly marks: Row;
  readonly ruler: Row;
}

const BRACKET = 13;
const WORLD = 16;
const RULER = 17;
const SITES = 9;
const MARKS = 9;
const GAP = 4;

/** `words`: instructions are shown, which need more of the room than arcs. */
export function rowsOf(height: number, compared: boolean, words: boolean): Rows {
  let top = GAP;
  const row = (pixels: number): Row => {
    const at = { top, height: pixels };
    top += pixels;
    return at;
  };
  const brackets = [row(BRACKET), row(BRACKET)] as const;
  const world = row(WORLD);
  const below = row(BRACKET);
  const overview = { top: 0, height: top };
  const marks = compared ? MARKS : 0;
  const rest = Math.max(60, height - top - RULER - SITES - marks - GAP);
  const strip = Math.round(words ? Math.max(34, rest * 0.62) : Math.min(96, Math.max(34, rest * 0.42)));
  const arcs = row(Math.max(20, rest - strip));
  return {
    overview,
    brackets,
    world,
    below,
    arcs,
    sites: row(SITES),
    strip: row(strip),
    marks: row(marks),
    ruler: row(RULER),
  };
}
