/** Validation by the schemas, with errors that name the path, what was expected, and nothing more than that. */
import type Type from 'typebox';
import { Compile } from 'typebox/compile';

export type Valid<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

const LIMIT = 3;

/** A checker of one schema; compiled once, when first used. */
export function validator<S extends Type.TSchema>(schema: S, what: string): (value: unknown) => Valid<Type.Static<S>> {
  let compiled: ReturnType<typeof Compile<S>> | undefined;
  return (value) => {
    compiled ??= Compile(schema);
    if (compiled.Check(value)) return { ok: true, value: value as Type.Static<S> };
    const errors = compiled.Errors(value).slice(0, LIMIT);
    const text = errors.map((e) => `${e.instancePath === '' ? what : e.instancePath} ${e.message}`).join('; ');
    return { ok: false, message: text === '' ? `${what} is not valid` : text };
  };
}
