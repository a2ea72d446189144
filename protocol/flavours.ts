/** The rules that a machine can be booted with, by name. No schema, so that a page has them without one. */

export const LAYOUTS = ['linux-6.1', 'linux-6.12'] as const;
export const FLAVOURS = ['out-of-line', 'inline', 'inline-defuse', 'inline-poison', 'literal'] as const;

/** The flavours that an architecture has. */
export const FLAVOURS_OF = {
  arm64: ['out-of-line', 'inline-defuse', 'inline-poison', 'literal'],
  'x86-64': ['inline', 'out-of-line', 'inline-poison'],
} as const satisfies Readonly<Record<string, readonly (typeof FLAVOURS)[number][]>>;
