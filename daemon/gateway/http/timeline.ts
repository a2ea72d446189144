/** A machine's history in figures, over HTTP. */
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { MachineNameSchema, NumberTextSchema } from '../../../protocol/schema.ts';
import { validator } from '../../../protocol/validate.ts';
import { TIMELINE_POINTS, TIMELINE_POINTS_MAX, type TimelineAnswer } from '../../../protocol/view/timeline.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { goneOf, refused, valid } from './answer.ts';
import { askedAt, atFields } from './at.ts';

const closed = { additionalProperties: false };
const params = validator(Type.Object({ name: MachineNameSchema }, closed), 'machine');
const timelineQuery = validator(Type.Object({ ...atFields, points: Type.Optional(NumberTextSchema) }, closed), 'query');

export function timelineRoute(app: FastifyInstance, runtime: Runtime): void {
  app.get('/machines/:name/timeline', (request, reply): Promise<TimelineAnswer> => {
    const machine = valid('bad-command', params(request.params)).name;
    const query = valid('bad-command', timelineQuery(request.query));
    const points = query.points === undefined ? TIMELINE_POINTS : Number(query.points);
    if (points < 1 || points > TIMELINE_POINTS_MAX) {
      throw refused('bad-command', `query: /points is ${points}, expected 1 to ${TIMELINE_POINTS_MAX}`);
    }
    const gone = goneOf(reply);
    return askedAt(runtime, machine, query, (at) => runtime.timeline({ machine, at, points }, gone));
  });
}
