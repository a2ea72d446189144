/** Whether two JSON values say the same. A member that is absent equals one that is undefined; the order of members says nothing. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, i) => same(each, b[i]));
  }
  return (
    Object.keys(a).every((name) => same(ownMember(a, name), ownMember(b, name))) &&
    Object.keys(b).every((name) => Object.hasOwn(a, name) || ownMember(b, name) === undefined)
  );
}

/** The names of the members that differ, sorted; those in `except` are not looked at. */
export function differing(a: object, b: object, except: ReadonlySet<string> = new Set()): string[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => !except.has(name));
  return names.filter((name) => !same(ownMember(a, name), ownMember(b, name))).sort();
}

export function ownMember(of: object, name: string): unknown {
  return Object.hasOwn(of, name) ? (of as Record<string, unknown>)[name] : undefined;
}
