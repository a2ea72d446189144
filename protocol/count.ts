/** Counts and shares as people read them, in every client. */

/** A count with thousands set apart: `64,083`. */
export function count(value: number): string {
  const digits = String(Math.abs(value)).replace(/\B(?=(\d{3})+$)/g, ',');
  return value < 0 ? `-${digits}` : digits;
}

/** `1 module`, `2 modules`, `1,204 branches`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/**
 * The share of `part` in `whole` in percent with one decimal; `–` where there is no whole. Only all of it reads `100 %`
 * and only none of it `0 %`.
 */
export function share(part: number, whole: number): string {
  if (whole === 0) return '–';
  if (part === whole) return '100 %';
  if (part === 0) return '0 %';
  const percent = Math.min(99.9, Math.max(0.1, Math.round((part / whole) * 1000) / 10));
  return `${percent.toFixed(1)} %`;
}
