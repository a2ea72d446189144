/** Sizes and distances as people read them, in every client. Binary units throughout, as the kernel counts. */

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
