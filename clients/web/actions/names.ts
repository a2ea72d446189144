/** Names for new machines: what fits into a URL, a file name and a Redis key. */

/** Characters that a name has at most. */
const LENGTH = 63;

/** `base`, or the first of `base-2`, `base-3`, … that is not taken. */
export function freeName(base: string, taken: ReadonlySet<string>): string {
  if (!taken.has(base)) return base;
  for (let number = 2; ; number++) {
    const end = `-${number}`;
    const name = `${base.slice(0, LENGTH - end.length)}${end}`;
    if (!taken.has(name)) return name;
  }
}

export const isSessionFile = (file: string): boolean => /\.jsonl(\.gz)?$/i.test(file);
export const isModuleFile = (file: string): boolean => /\.(ko(\.gz|\.xz|\.zst)?|json)$/i.test(file);

/** `Far away.veneer.jsonl.gz` -> `far-away` */
export function nameOfSession(file: string): string {
  const plain = file.toLowerCase().replace(/(\.veneer)?\.jsonl(\.gz)?$/, '');
  const name = plain.replace(/[^a-z0-9._-]+/g, '-').replace(/^[^a-z0-9]+/, '');
  return name.slice(0, LENGTH) || 'session';
}
