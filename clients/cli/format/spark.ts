/** A line of bars, each of eight heights. */
const BARS = '▁▂▃▄▅▆▇█';

/** `values` from 0 to 1, squeezed into at most `width` characters (the lowest of those that share one); null is a blank. */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const columns = Math.min(width, values.length);
  let line = '';
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
    const here = values.slice(from, to).filter((value) => value !== null);
    line += here.length === 0 ? ' ' : (BARS[Math.min(7, Math.floor(Math.min(...here) * 8))] ?? '');
  }
  return line;
}
