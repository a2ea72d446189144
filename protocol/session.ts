/**
 * A session: a recorded log as a file, `*.veneer.jsonl`. The first line is a header, every further line a commit, the
 * last line a footer with the digest of the view after the last commit: a file without it was cut off. A file that does
 * not begin with commit 1 is a segment: it names the digest of the view before it. docs/session-format.md tells all of it.
 */
import Type from 'typebox';
import { type Commit, CommitSchema, EpochSchema } from './commit.ts';
import { parseJson } from './json.ts';
import { MachineNameSchema, Sha256Schema } from './schema.ts';
import { upcast } from './upcast.ts';
import { validator } from './validate.ts';
import type { View } from './view/types.ts';

/** Fields are added to this form and never change; a reader passes over those that it does not know. */
const SESSION_VERSION = 1;
export const SESSION_FORMAT = 'veneerd/session@1';

/** What is known of the kernel in words that fit into a header: a simulated machine's profile, or a host's own. */
export const SessionProfileSchema = Type.Object({
  host: Type.Optional(Type.Boolean({ description: 'recorded from a running kernel' })),
  release: Type.Optional(Type.String({ description: 'of the kernel, 6.1.0-50-arm64 say' })),
  arch: Type.Optional(Type.String()),
  layout: Type.Optional(Type.String()),
  pageSize: Type.Optional(Type.Integer({ minimum: 1 })),
  flavour: Type.Optional(Type.String()),
  kaslrSeed: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type SessionProfile = Type.Static<typeof SessionProfileSchema>;

export const SessionHeaderSchema = Type.Object({
  format: Type.Literal(SESSION_FORMAT),
  machine: MachineNameSchema,
  about: Type.Optional(Type.String({ description: 'what the session shows, for people' })),
  by: Type.Optional(Type.String({ description: 'the program that made the file, and its version' })),
  epoch: Type.Optional(EpochSchema),
  profile: Type.Optional(SessionProfileSchema),
  from: Type.Optional(Type.Integer({ minimum: 1, description: 'the number of the first commit; 1 unless said' })),
  base: Type.Optional(Sha256Schema),
});
export type SessionHeader = Type.Static<typeof SessionHeaderSchema>;

/** `commits`: how many the file holds. */
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

const fault = (message: string): SessionLine => ({ kind: 'fault', message });

/** Reads line `number` (1 is the header) of a session file. A fault says what was expected; the caller adds file and line. */
export function readSessionLine(number: number, line: string): SessionLine {
  const parsed = parseJson(line);
  if (!parsed.ok) return fault(parsed.message);
  const raw = parsed.value;
  if (number === 1) return readHeader(raw);
  if (typeof raw === 'object' && raw !== null && 'end' in raw) {
    const footer = validFooter(raw);
    return footer.ok ? { kind: 'footer', footer: footer.value } : fault(footer.message);
  }
  const cast = upcast(raw);
  if (!cast.ok) return fault(cast.message);
  const commit = validCommit(cast.commit);
  return commit.ok ? { kind: 'commit', commit: commit.value } : fault(commit.message);
}

function readHeader(raw: unknown): SessionLine {
  const version = versionOf(raw);
  if (version !== undefined && version > SESSION_VERSION) {
    return fault(
      `format: this session has version ${version}, this program reads up to ${SESSION_VERSION}; use a newer veneerd`,
    );
  }
  const header = validHeader(raw);
  if (!header.ok) return fault(`expected a header of ${SESSION_FORMAT}: ${header.message}`);
  const { from = 1, base } = header.value;
  if (from > 1 && base === undefined) {
    return fault(`base: a file that begins with commit ${from} names the digest of the view before it`);
  }
  return { kind: 'header', header: header.value };
}

/** The version of a session format, known or not. */
function versionOf(raw: unknown): number | undefined {
  const format = typeof raw === 'object' && raw !== null && 'format' in raw ? raw.format : undefined;
  const digits = typeof format === 'string' ? /^veneerd\/session@([1-9]\d{0,8})$/.exec(format)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

/** The summary that stands in a header, of the view after the first commit or any later one. */
export function sessionProfile({ machine, host }: View): SessionProfile {
  const facts = host?.facts;
  const release = facts?.release ?? machine?.vermagic?.split(' ')[0];
  const arch = machine?.arch ?? facts?.arch;
  const layout = machine?.layout ?? facts?.layout;
  const pageSize = machine?.pageSize ?? facts?.pageSize;
  return {
    ...(host !== undefined && { host: true }),
    ...(release !== undefined && { release }),
    ...(arch !== undefined && { arch }),
    ...(layout !== undefined && { layout }),
    ...(pageSize !== undefined && { pageSize }),
    ...(machine?.staticCall !== undefined && { flavour: machine.staticCall }),
    ...(machine?.kaslrSeed !== undefined && { kaslrSeed: machine.kaslrSeed }),
  };
}
