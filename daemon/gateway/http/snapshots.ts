/** Snapshots over HTTP: where they are, and on request each made once more of the log and compared. */
import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { MachineNameSchema } from '../../../protocol/schema.ts';
import type { SnapshotLine, SnapshotsAnswer } from '../../../protocol/snapshots.ts';
import { validator } from '../../../protocol/validate.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { accepted, goneOf, NDJSON, valid } from './answer.ts';

const params = validator(Type.Object({ name: MachineNameSchema }, { additionalProperties: false }), 'machine');

export function snapshotRoutes(app: FastifyInstance, runtime: Runtime): void {
  const { world } = runtime;
  const headOf = async (request: FastifyRequest) =>
    accepted(await runtime.head(valid('bad-command', params(request.params)).name));

  app.get('/machines/:name/snapshots', async (request): Promise<SnapshotsAnswer> => {
    const { name, epoch, head, first } = await headOf(request);
    return { position: { epoch, commit: head }, first, snapshots: await world.log.snapshots(name, epoch) };
  });

  app.get('/machines/:name/snapshots/verification', async (request, reply) => {
    const { name } = await headOf(request);
    const lines = new PassThrough();
    const tell = (line: SnapshotLine): boolean => lines.write(`${JSON.stringify(line)}\n`);
    void runtime.verifySnapshots(name, tell, goneOf(reply)).then((outcome) => {
      tell(outcome.ok ? { verified: outcome.value.length } : { error: outcome.error });
      lines.end();
    });
    return reply.type(NDJSON).send(lines);
  });
}
