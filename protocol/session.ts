/**
 * A session: a recorded log as a file, `*.veneer.jsonl`. The first line is a header, every further line a commit, the
 * last line a footer with the digest of the view after the last commit: a file without it was cut off.
 */
import Type from 'typebox';
import { type Commit, CommitSchema } from './commit.ts';
import { parseJson } from './json.ts';
import { MachineNameSchema, Sha256Schema } from './schema.ts';
import { upcast } from './upcast.ts';
import { validator } from './validate.ts';

export const SESSION_FORMAT = 'veneerd/session@1';

export const SessionHeaderSchema = Type.Object({
  format: Type.Literal(SESSION_FORMAT),
  machine: MachineNameSchema,
  about: Type.Optional(Type.String()),
});
export type SessionHeader = Type.Static<typeof SessionHeaderSchema>;

export const SessionFooterSchema = Type.Object({
  end: Type.Literal(true),
  commits: Type.Integer({ minimum: 0 }),
  digest: Sha256Schema,
});
export type SessionFooter = Type.Static<typeof SessionFooterSchema>;

export type SessionLine =
  | { readonly kind: 'header'; readonly header: SessionHeader }
  | { readonly kind: 'commit'; readonly commit: Commit }
  | { readonly kind: 'footer'; readonly footer: SessionFooter }
  | { readonly kind: 'fault'; readonly message: string };

const validHeader = validator(SessionHeaderSchema, 'header');
const validCommit = validator(CommitSchema, 'commit');
const validFooter = validator(SessionFooterSchema, 'footer');

/** Reads line `number` (1 is the header) of a session file. A fault says what was expected; the caller adds file and line. */
export function readSessionLine(number: number, line: string): SessionLine {
  const parsed = parseJson(line);
  if (!parsed.ok) return { kind: 'fault', message: parsed.message };
  const raw = parsed.value;
  if (number === 1) {
    const header = validHeader(raw);
    if (header.ok) return { kind: 'header', header: header.value };
    return { kind: 'fault', message: `expected a header of ${SESSION_FORMAT}: ${header.message}` };
  }
  if (typeof raw === 'object' && raw !== null && 'end' in raw) {
    const footer = validFooter(raw);
    return footer.ok ? { kind: 'footer', footer: footer.value } : { kind: 'fault', message: footer.message };
  }
  const cast = upcast(raw);
  if (!cast.ok) return { kind: 'fault', message: cast.message };
  const commit = validCommit(cast.commit);
  return commit.ok ? { kind: 'commit', commit: commit.value } : { kind: 'fault', message: commit.message };
}
