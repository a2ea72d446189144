/** What if, over HTTP: forks, the module files that they take, and two machines side by side. Long answers are lines of JSON. */
import { PassThrough, Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { CompareLine } from '../../../protocol/compare/form.ts';
import { ForkBodySchema, type ForkLine } from '../../../protocol/fork.ts';
import type { Place } from '../../../protocol/position.ts';
import { MachineNameSchema } from '../../../protocol/schema.ts';
import { validator } from '../../../protocol/validate.ts';
import { COMPARISONS } from '../../limits.ts';
import { compareMachines } from '../../pipelines/compare.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { accepted, goneOf, NDJSON, refused, valid } from './answer.ts';
import { atFields, located, PositionTextSchema } from './at.ts';

/** Bytes of progress that a client may leave unread before it is told less. */
const UNREAD = 16 << 10;

/** The commands that get a line. */
type Lines = 'none' | 'changed' | 'all';

const closed = { additionalProperties: false };
const params = validator(Type.Object({ name: MachineNameSchema }, closed), 'machine');
const forkBody = validator(ForkBodySchema, 'body');
const filesQuery = validator(Type.Object(atFields, closed), 'query');
const compareQuery = validator(
  Type.Object(
    {
      ...atFields,
      with: MachineNameSchema,
      withAt: Type.Optional(PositionTextSchema),
      lines: Type.Optional(Type.Enum(['none', 'changed', 'all'])),
    },
    closed,
  ),
  'query',
);

export function forkRoutes(app: FastifyInstance, runtime: Runtime): void {
  const { forks, world } = runtime;
  let comparisons = 0;
  const nameOf = (request: FastifyRequest): string => valid('bad-command', params(request.params)).name;

  app.post('/machines/:name/fork', async (request, reply) => {
    const name = nameOf(request);
    const body = valid('bad-command', forkBody(request.body));
    const lines = new PassThrough();
    const tell = (line: ForkLine): boolean => lines.write(`${JSON.stringify(line)}\n`);
    let begin = (): void => {};
    const begun = new Promise<undefined>((resolve) => {
      begin = () => resolve(undefined);
    });
    const forked = forks.fork(name, body, {
      signal: goneOf(reply),
      progress(progress) {
        begin();
        if (lines.writableLength < UNREAD) tell(progress);
      },
    });
    // Until it begins a refusal has a status; then it is the last line.
    const early = await Promise.race([forked, begun]);
    if (early && !early.ok) accepted(early);
    void forked.then((outcome) => {
      tell(outcome.ok ? { forked: outcome.value } : { error: outcome.error });
      lines.end();
    });
    return reply.type(NDJSON).send(lines);
  });

  app.get('/machines/:name/files', async (request, reply) => {
    const name = nameOf(request);
    const { epoch, commit } = await located(runtime, name, valid('bad-position', filesQuery(request.query)));
    return accepted(await forks.files({ machine: name, epoch, commit }, goneOf(reply)));
  });

  app.get('/machines/:name/compare', async (request, reply) => {
    const name = nameOf(request);
    const { with: other, withAt, lines = 'changed', ...at } = valid('bad-command', compareQuery(request.query));
    const a = { machine: name, ...(await located(runtime, name, at)) };
    if (comparisons >= COMPARISONS) throw refused('too-busy', `${COMPARISONS} comparisons are under way`);
    const b = { machine: other, ...(await located(runtime, other, withAt === undefined ? {} : { at: withAt })) };
    return reply.type(NDJSON).send(Readable.from(compared(a, b, lines)));
  });

  async function* compared(a: Place, b: Place, lines: Lines): AsyncGenerator<string, void> {
    comparisons++;
    try {
      yield* texts(compareMachines(world, a, b), lines);
    } finally {
      comparisons--;
    }
  }
}

async function* texts(all: AsyncIterable<CompareLine>, lines: Lines): AsyncGenerator<string, void> {
  for await (const line of all) {
    if ('verdict' in line && lines === 'none') continue;
    if ('verdict' in line && lines === 'changed' && (line.verdict === 'same' || line.verdict === 'moved')) continue;
    yield `${JSON.stringify(line)}\n`;
  }
}
