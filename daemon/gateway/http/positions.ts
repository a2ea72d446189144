/** Positions over HTTP: where one is, what they are called, what differs between two. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { BookmarksAnswer, LocatedAnswer, Place } from '../../../protocol/position.ts';
import { MachineNameSchema } from '../../../protocol/schema.ts';
import { validator } from '../../../protocol/validate.ts';
import type { DiffAnswer } from '../../../protocol/view/diff-form.ts';
import { epochChanged } from '../../pipelines/position.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { accepted, valid } from './answer.ts';
import { atFields, located, PositionTextSchema, positionIn } from './at.ts';

const closed = { additionalProperties: false };
const params = validator(Type.Object({ name: MachineNameSchema }, closed), 'machine');
const atQuery = validator(Type.Object(atFields, closed), 'query');
const diffQuery = validator(Type.Object({ from: PositionTextSchema, to: PositionTextSchema }, closed), 'query');

export function positionRoutes(app: FastifyInstance, runtime: Runtime): void {
  const nameOf = (request: FastifyRequest): string => valid('bad-command', params(request.params)).name;

  app.get('/machines/:name/position', async (request): Promise<LocatedAnswer> => {
    const name = nameOf(request);
    const position = await located(runtime, name, valid('bad-position', atQuery(request.query)));
    const { position: newest, bookmarks } = accepted(await runtime.bookmarks(name));
    if (newest.epoch !== position.epoch) accepted(epochChanged({ name, ...newest }, position.epoch));
    return { position, bookmarks: bookmarks.filter(({ at }) => at === position.commit).map((each) => each.name) };
  });

  app.get('/machines/:name/bookmarks', async (request): Promise<BookmarksAnswer> => {
    return accepted(await runtime.bookmarks(nameOf(request)));
  });

  app.get('/machines/:name/diff', async (request): Promise<DiffAnswer> => {
    const name = nameOf(request);
    const query = valid('bad-position', diffQuery(request.query));
    const from = await placeOf(runtime, name, 'from', query.from);
    const to = await placeOf(runtime, name, 'to', query.to);
    const diff = accepted(await runtime.diff(from, to));
    return { from, to, diff };
  });
}

/** A permalink names its machine itself. */
async function placeOf(runtime: Runtime, name: string, field: string, text: string): Promise<Place> {
  const at = positionIn(field, text);
  const machine = at.form === 'link' ? at.machine : name;
  return { machine, ...accepted(await runtime.position(machine, { at })) };
}
