/**
 * Why a value does not fit its schema, in words: paths, and what was expected there. Where a schema offers alternatives that
 * a `type` tells apart (events, commands, frames), only the one that the value says it is counts. One walk over the value
 * that ends at the third fault: a value of millions of entries may come from anybody.
 */
import type Type from 'typebox';
import { Check, Errors } from 'typebox/value';

/** The most faults that are told. */
const LIMIT = 3;
/** The most characters of a fault that are told: names in it come from outside. */
const LENGTH = 300;

interface Node extends Type.TSchema {
  readonly type?: string;
  readonly const?: string;
  readonly description?: string;
  readonly anyOf?: readonly Node[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: unknown;
  readonly items?: Node | readonly Node[];
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface Fault {
  readonly path: string;
  readonly words: string;
}

type Dictionary = Readonly<Record<string, unknown>>;

/** Faults of `value`, which `schema` refuses. `what` names the value as a whole. */
export function explain(schema: Type.TSchema, value: unknown, what: string): string {
  const faults: Fault[] = [];
  for (const fault of faultsOf(schema as Node, value, '')) {
    faults.push(fault);
    if (faults.length === LIMIT) break;
  }
  if (faults.length === 0) return `${what} is not valid`;
  return faults.map(({ path, words }) => clip(`${path === '' ? what : path} ${words}`)).join('; ');
}

function* faultsOf(schema: Node, value: unknown, path: string): Generator<Fault> {
  if (schema.anyOf) yield* unionFaults(schema, schema.anyOf, value, path);
  else if (schema.type === 'object') yield* objectFaults(schema, value, path);
  else if (schema.type === 'array') yield* arrayFaults(schema, value, path);
  else if (!Check(schema, value)) yield { path, words: leafWords(schema, value) };
}

/** Nobody should have to read a pattern: its schema says it in words. */
function leafWords(schema: Node, value: unknown): string {
  const error = Errors(schema, value)[0];
  if (error?.keyword === 'pattern' && schema.description !== undefined) return `must be ${schema.description}`;
  return error?.message ?? 'is not valid';
}

function* unionFaults(schema: Node, branches: readonly Node[], value: unknown, path: string): Generator<Fault> {
  const types = branches.map((branch) => branch.properties?.type?.const);
  if (types.every((type) => type !== undefined)) {
    if (!isDictionary(value)) return yield { path, words: 'must be object' };
    const branch = Object.hasOwn(value, 'type') ? branches.find((_, i) => types[i] === value.type) : undefined;
    if (branch) return yield* faultsOf(branch, value, path);
    return yield { path: `${path}/type`, words: `must be one of ${types.join(', ')}` };
  }
  const alike = branches.filter(({ type }) => (type === 'integer' ? 'number' : type) === jsonType(value));
  if (alike.length === 1 && alike[0]) yield* faultsOf(alike[0], value, path);
  else if (alike.length === 0) yield { path, words: `must be ${branches.map(({ type }) => type).join(' or ')}` };
  else if (!Check(schema, value)) yield { path, words: 'is none of the alternatives' };
}

function* objectFaults(schema: Node, value: unknown, path: string): Generator<Fault> {
  if (!isDictionary(value)) return yield { path, words: 'must be object' };
  const { properties = {}, patternProperties, required = [], additionalProperties } = schema;
  const missing = required.filter((name) => !Object.hasOwn(value, name));
  if (missing.length > 0) yield { path, words: `must have required properties ${missing.join(', ')}` };
  const closed = additionalProperties === false && !patternProperties;
  const extra: string[] = [];
  const inner = Object.values(patternProperties ?? {})[0];
  for (const name in value) {
    const child = Object.hasOwn(properties, name) ? properties[name] : inner;
    if (child) yield* faultsOf(child, value[name], `${path}/${name}`);
    else if (closed && extra.push(name) === LIMIT) break;
  }
  if (extra.length > 0) yield { path, words: `must not have additional properties: ${extra.join(', ')}` };
}

function* arrayFaults(schema: Node, value: unknown, path: string): Generator<Fault> {
  if (!Array.isArray(value)) return yield { path, words: 'must be array' };
  const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  const tuple = Array.isArray(items) ? items.length : Number.POSITIVE_INFINITY;
  const most = Math.min(maxItems, tuple);
  if (value.length < minItems) return yield { path, words: `must not have fewer than ${minItems} items` };
  if (value.length > most) return yield { path, words: `must not have more than ${most} items` };
  for (let i = 0; i < value.length; i++) {
    const item: Node | undefined = Array.isArray(items) ? items[i] : items;
    if (item) yield* faultsOf(item, value[i], `${path}/${i}`);
  }
}

function isDictionary(value: unknown): value is Dictionary {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonType(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

function clip(text: string): string {
  return text.length <= LENGTH ? text : `${text.slice(0, LENGTH)}…`;
}
