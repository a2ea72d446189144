/**
 * The one place where older forms of commits become today's. A released form stays readable forever (fixtures under
 * test/fixtures/protocol prove it); a newer form than this code knows is refused, never guessed.
 */
import type { Commit } from './commit.ts';
import { COMMIT_VERSION } from './commit-version.ts';

export type Upcast = { readonly ok: true; readonly commit: Commit } | { readonly ok: false; readonly message: string };

/** Steps from version n to n+1, by n. */
const STEPS: Readonly<Record<number, (old: Record<string, unknown>) => Record<string, unknown>>> = {};

/** Takes a parsed commit of any released version to today's form. It does not validate: see validate.ts. */
export function upcast(raw: unknown): Upcast {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { ok: false, message: 'a commit is a JSON object' };
  }
  let current = raw as Record<string, unknown>;
  if (typeof current.v !== 'number') return { ok: false, message: 'v: expected the version of the commit, a number' };
  if (current.v > COMMIT_VERSION) {
    return {
      ok: false,
      message: `v: this commit has version ${current.v}, this program reads up to ${COMMIT_VERSION}; use a newer veneerd`,
    };
  }
  while (current.v !== COMMIT_VERSION) {
    const step = STEPS[current.v as number];
    if (step === undefined) return { ok: false, message: `v: no version ${String(current.v)} was ever released` };
    current = step(current);
  }
  return { ok: true, commit: current as Commit };
}
