/** Validation by the schemas, with errors that name the path, what was expected, and nothing more than that. */
import type Type from 'typebox';
import { Compile } from 'typebox/compile';
import { explain } from './explain.ts';

export type Valid<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** A checker of one schema; compiled once, when first used. */
export function validator<S extends Type.TSchema>(schema: S, what: string): (value: unknown) => Valid<Type.Static<S>> {
  let compiled: ReturnType<typeof Compile<S>> | undefined;
  return (value) => {
    compiled ??= Compile(schema);
    if (compiled.Check(value)) return { ok: true, value: value as Type.Static<S> };
    return { ok: false, message: explain(schema, value, what) };
  };
}
