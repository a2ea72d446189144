/** Sizes, counts, shares and distances as people read them. Binary units throughout, as the kernel counts. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A size in bytes with at most one decimal: `512 B`, `1.5 MiB`, `2 GiB`. */
export function bytes(size: number): string {
  let unit = 0;
  let value = Math.abs(size);
  // 1023.95 KiB would round to 1024.0 KiB: it is 1 MiB.
  while (unit < UNITS.length - 1 && Math.round(value * 10) >= 10_240) {
    value /= 1024;
    unit++;
  }
  const rounded = unit === 0 ? value : Math.round(value * 10) / 10;
  return `${size < 0 ? '-' : ''}${rounded} ${UNITS[unit]}`;
}

/** A signed distance in bytes, always with its sign: `+131.2 MiB`, `-64 B`, `0 B`. */
export function distance(size: number): string {
  return size > 0 ? `+${bytes(size)}` : bytes(size);
}

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
