/** A view as JSON and back, and its digest: the same view gives the same text, whoever folded it. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Position } from '../commit.ts';
import { type StaticCallsJson, staticCallsFromJson, staticCallsJson } from './static-call.ts';
import type { Area, Bookmark, Module, View } from './types.ts';

export const VIEW_FORMAT = 'veneerd/view@1';

export type ModuleJson = Omit<Module, 'usedBy'> & { readonly usedBy: readonly string[] };

/** GET /machines/:name/modules/:module: one module of a view, whole. */
export interface ModuleAnswer {
  readonly position: Position;
  readonly module: ModuleJson;
}

export interface ViewJson extends Omit<View, 'modules' | 'areas' | 'staticCalls' | 'bookmarks'> {
  readonly format: typeof VIEW_FORMAT;
  /** Oldest first. */
  readonly modules: readonly ModuleJson[];
  /** In order of address. */
  readonly areas: readonly Area[];
  readonly staticCalls: StaticCallsJson;
  /** In order of commit and name. A view that was written before there were any has no such member. */
  readonly bookmarks?: readonly Bookmark[];
}

export function moduleJson(module: Module): ModuleJson {
  return { ...module, usedBy: [...module.usedBy].sort() };
}

/** In order of commit and name. */
export function bookmarksJson({ bookmarks }: View): readonly Bookmark[] {
  return [...bookmarks.values()].sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1));
}

/** The view as plain JSON. It shares structure with the view: read it or send it before folding on. */
export function viewJson(view: View): ViewJson {
  const { modules, areas, staticCalls, bookmarks: _, ...rest } = view;
  return {
    format: VIEW_FORMAT,
    ...rest,
    modules: [...modules.values()].map(moduleJson),
    areas: [...areas.values()].sort((a, b) => (a.address < b.address ? -1 : 1)),
    staticCalls: staticCallsJson(staticCalls),
    bookmarks: bookmarksJson(view),
  };
}

/** As viewJson, without what modules import and export: most of a large view, and nothing that a fold goes on from. */
export function briefViewJson(view: View): ViewJson {
  const json = viewJson(view);
  return { ...json, modules: json.modules.map((module) => ({ ...module, imports: [], exports: [] })) };
}

/** The view that `json` was made of. The caller owns it, and gives `json` away. */
export function viewFromJson(json: ViewJson): View {
  const { format: _, modules, areas, staticCalls, bookmarks = [], ...rest } = json;
  return {
    ...rest,
    modules: new Map(modules.map((m) => [m.name, { ...m, usedBy: new Set(m.usedBy) }])),
    areas: new Map(areas.map((area) => [area.address, area])),
    staticCalls: staticCallsFromJson(staticCalls),
    bookmarks: new Map(bookmarks.map((bookmark) => [bookmark.name, bookmark])),
  };
}

/**
 * sha256 over the view's canonical JSON, as hex. Equal states have equal digests, wherever they were folded. What is empty
 * does not count, so that a view which learns to show more keeps the digests of states that have none of it.
 */
export function viewDigest(view: View): string {
  return bytesToHex(sha256(utf8ToBytes([...canonicalPieces(view)].join(''))));
}

/**
 * What a digest is made of: not the time, and not where a fork comes from. In pieces of a few KB, for those who must not be
 * busy for as long as all of them take; `view` must not change meanwhile.
 */
export function* canonicalPieces(view: View): Generator<string, void, undefined> {
  const { time: _, fork: __, ...state } = viewJson(view);
  yield* pieces(state);
}

/** As `canonical`, going down into objects and lists, element by element. */
function* pieces(value: unknown): Generator<string, void, undefined> {
  let separator = '';
  if (Array.isArray(value)) {
    yield '[';
    for (const element of value) {
      yield `${separator}${canonical(element)}`;
      separator = ',';
    }
    yield ']';
  } else if (typeof value === 'object' && value !== null) {
    yield '{';
    for (const key of Object.keys(value).sort()) {
      const member = (value as Record<string, unknown>)[key];
      if (isEmpty(member)) continue;
      yield `${separator}${JSON.stringify(key)}:`;
      yield* pieces(member);
      separator = ',';
    }
    yield '}';
  } else {
    yield canonical(value);
  }
}

/** Whether its canonical text is one of EMPTY. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isEmpty);
  return EMPTY.has(canonical(value));
}

/** Keys sorted, members that are empty left out. An element of a list always stands for itself. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const text = canonical((value as Record<string, unknown>)[key]);
    if (!EMPTY.has(text)) members.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${members.join()}}`;
}

const EMPTY: ReadonlySet<string> = new Set(['null', 'false', '0', '""', '[]', '{}']);
