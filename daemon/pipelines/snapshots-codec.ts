/**
 * The bytes of a snapshot: a line of JSON that says what follows, then each part, compressed by itself, so that a part can be
 * read alone. Uncompressed a part is lines of JSON (snapshots-lines.ts). The form is released, as those of the parts are.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import Type from 'typebox';
import { CommandIdSchema } from '../../protocol/commit.ts';
import { Sha256Schema, SizeSchema } from '../../protocol/schema.ts';
import { validator } from '../../protocol/validate.ts';
import { MAX_PART_BYTES } from '../limits.ts';
import { fromLines, toLines } from './snapshots-lines.ts';

export const SNAPSHOT_FORMAT = 'veneerd/snapshot@1';

/** `id` is that of the commit. `bytes` as it stands here, `size` uncompressed; `sha256` is of the uncompressed text. */
const HeaderSchema = Type.Object({
  format: Type.Literal(SNAPSHOT_FORMAT),
  commit: SizeSchema,
  id: CommandIdSchema,
  parts: Type.Array(
    Type.Object({
      name: Type.String(),
      format: Type.String(),
      codec: Type.Literal('br'),
      bytes: SizeSchema,
      size: SizeSchema,
      sha256: Sha256Schema,
    }),
  ),
});
export type SnapshotHeader = Type.Static<typeof HeaderSchema>;
type PartHeader = SnapshotHeader['parts'][number];

const validHeader = validator(HeaderSchema, 'header');
const NEWLINE = 0x0a;
/** Longer than any header: what has no newline before is no snapshot of ours. */
const HEADER_BYTES = 1 << 16;
/** A third of gzip's time for less bytes. */
const OPTIONS = { params: { [constants.BROTLI_PARAM_QUALITY]: 2, [constants.BROTLI_PARAM_LGWIN]: 22 } };

/** What can't be read as a snapshot: of another version, or damaged. */
export class SnapshotFault extends Error {}

export interface PartText {
  readonly name: string;
  readonly format: string;
  readonly lines: Buffer;
  readonly sha256: string;
}

/** `json` must not change before this is done. */
export async function partText(name: string, json: { readonly format: string }): Promise<PartText> {
  const lines = await toLines(json);
  return { name, format: json.format, lines, sha256: sha256Of(lines) };
}

export async function encodeSnapshot(commit: number, id: string, texts: readonly PartText[]): Promise<Uint8Array> {
  const bodies: Buffer[] = [];
  const parts: PartHeader[] = [];
  for (const { name, format, lines, sha256 } of texts) {
    const body = await promisify(brotliCompress)(lines, OPTIONS);
    bodies.push(body);
    parts.push({ name, format, codec: 'br', bytes: body.length, size: lines.length, sha256 });
  }
  const header: SnapshotHeader = { format: SNAPSHOT_FORMAT, commit, id, parts };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...bodies]);
}

/** What a snapshot says of itself, and where its parts begin. Throws a SnapshotFault. */
export function readHeader(bytes: Uint8Array): { readonly header: SnapshotHeader; readonly start: number } {
  const end = bytes.subarray(0, HEADER_BYTES).indexOf(NEWLINE);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes.subarray(0, Math.max(0, end))).toString());
  } catch {
    throw new SnapshotFault(`expected a header of ${SNAPSHOT_FORMAT}, a line of JSON`);
  }
  const header = validHeader(json);
  if (!header.ok) throw new SnapshotFault(`expected a header of ${SNAPSHOT_FORMAT}: ${header.message}`);
  return { header: header.value, start: end + 1 };
}

/** The text of a part, uncompressed. Throws a SnapshotFault. */
export async function partLines(bytes: Uint8Array, name: string): Promise<Buffer> {
  const { header, start } = readHeader(bytes);
  let from = start;
  for (const part of header.parts) {
    if (part.name === name) return inflated(bytes.subarray(from, from + part.bytes), part);
    from += part.bytes;
  }
  throw new SnapshotFault(`expected a part called ${name}, found ${header.parts.map((part) => part.name).join()}`);
}

/** A part as JSON. Throws a SnapshotFault. */
export async function partJson(bytes: Uint8Array, name: string): Promise<{ readonly format: string }> {
  const lines = await partLines(bytes, name);
  try {
    return (await fromLines(lines)) as { readonly format: string };
  } catch (error) {
    throw new SnapshotFault(`${name}: ${messageOf(error)}`);
  }
}

async function inflated(body: Uint8Array, { name, bytes, size, sha256 }: PartHeader): Promise<Buffer> {
  const fault = (found: string) =>
    new SnapshotFault(`${name}: expected ${bytes} bytes that hold ${size}, found ${found}`);
  if (body.length !== bytes) throw fault(`${body.length}`);
  if (size > MAX_PART_BYTES) throw new SnapshotFault(`${name}: ${size} bytes are more than ${MAX_PART_BYTES}`);
  const lines = await promisify(brotliDecompress)(body, { maxOutputLength: Math.max(1, size) }).catch(
    (error: unknown) => {
      throw fault(messageOf(error));
    },
  );
  if (lines.length !== size) throw fault(`bytes that hold ${lines.length}`);
  if (sha256Of(lines) !== sha256) throw new SnapshotFault(`${name}: expected a text with the sha256 ${sha256}`);
  return lines;
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
