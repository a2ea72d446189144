/** `?at=POSITION&epoch=E`: every question over HTTP can be asked of any position, and of one incarnation of the machine only. */
import Type from 'typebox';
import { EpochSchema, type Position } from '../../../protocol/commit.ts';
import { POSITION_CHARS, type PositionText, parsePosition } from '../../../protocol/position.ts';
import type { Outcome } from '../../pipelines/outcome.ts';
import { epochChanged } from '../../pipelines/position.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { accepted, refused } from './answer.ts';

export const PositionTextSchema = Type.String({ maxLength: POSITION_CHARS });
export const atFields = { at: Type.Optional(PositionTextSchema), epoch: Type.Optional(EpochSchema) };

export interface AtQuery {
  readonly at?: string;
  readonly epoch?: string;
}

/** Refused with `bad-position` where `text` is none; `field` names it. */
export function positionIn(field: string, text: string): PositionText {
  const parsed = parsePosition(text);
  if (!parsed.ok) throw refused('bad-position', `query: /${field} ${parsed.message}`);
  return parsed.position;
}

export async function located({ position }: Runtime, name: string, { at, epoch }: AtQuery): Promise<Position> {
  return accepted(await position(name, { at: at === undefined ? undefined : positionIn('at', at), epoch }));
}

/** What `ask` answers of the position that the query names; it gets undefined where the query names none. */
export async function askedAt<T extends { readonly position: Position }>(
  runtime: Runtime,
  name: string,
  query: AtQuery,
  ask: (commit: number | undefined) => Promise<Outcome<T>>,
): Promise<T> {
  if (query.at === undefined && query.epoch === undefined) return accepted(await ask(undefined));
  const { epoch, commit } = await located(runtime, name, query);
  const answer = accepted(await ask(commit));
  // Between the two the machine may have been removed and made again.
  return answer.position.epoch === epoch ? answer : accepted(epochChanged({ name, ...answer.position }, epoch));
}
