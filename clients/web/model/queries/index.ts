/** What the page can ask of the picture at its position. A query is a pure function of the view; it runs in the worker. */
import type { View } from '../../../../protocol/view/types.ts';
import { hostQuery } from './host.ts';
import { keyQuery } from './key.ts';
import { keyRowsQuery } from './key-rows.ts';
import { loadedQuery } from './loaded.ts';
import { moduleQuery } from './module.ts';
import { namesQuery } from './names.ts';
import { ownerClassesQuery } from './owner-classes.ts';
import { revealQuery } from './reveal.ts';
import { sectionsQuery } from './sections.ts';
import { spotQuery } from './spot.ts';
import { wordsQuery } from './words.ts';

/** By name: (view, argument) => answer, both plain data. */
export const QUERIES = {
  host: hostQuery,
  keyRows: keyRowsQuery,
  key: keyQuery,
  loaded: loadedQuery,
  module: moduleQuery,
  names: namesQuery,
  ownerClasses: ownerClassesQuery,
  spot: spotQuery,
  sections: sectionsQuery,
  reveal: revealQuery,
  words: wordsQuery,
} as const satisfies Readonly<Record<string, (view: View, argument: never) => unknown>>;

export type QueryName = keyof typeof QUERIES;
export type QueryArgument<Q extends QueryName> = Parameters<(typeof QUERIES)[Q]>[1];
export type QueryAnswer<Q extends QueryName> = ReturnType<(typeof QUERIES)[Q]>;
