/** Questions about addresses over HTTP. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Position } from '../../../protocol/commit.ts';
import { AddressQuerySchema, DisassemblyQuerySchema } from '../../../protocol/inspect.ts';
import { INSTRUCTIONS_DEFAULT, INSTRUCTIONS_MAX } from '../../../protocol/instructions.ts';
import { MachineNameSchema } from '../../../protocol/schema.ts';
import { validator } from '../../../protocol/validate.ts';
import type { Question } from '../../pipelines/inspect.ts';
import type { Outcome } from '../../pipelines/outcome.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { refused, valid } from './answer.ts';
import { type AtQuery, askedAt } from './at.ts';

const params = validator(Type.Object({ name: MachineNameSchema }, { additionalProperties: false }), 'machine');
const addressQuery = validator(AddressQuerySchema, 'query');
const disassemblyQuery = validator(DisassemblyQuerySchema, 'query');

interface Asked extends AtQuery {
  readonly address: string;
}

export function inspectRoutes(app: FastifyInstance, runtime: Runtime): void {
  const { inspect } = runtime;
  const ask = <T extends { readonly position: Position }>(
    request: FastifyRequest,
    query: Asked,
    answer: (question: Question) => Promise<Outcome<T>>,
  ): Promise<T> => {
    const machine = valid('bad-command', params(request.params)).name;
    return askedAt(runtime, machine, query, (at) => answer({ machine, address: query.address, at }));
  };

  app.get('/machines/:name/why', (request) =>
    ask(request, valid('bad-command', addressQuery(request.query)), inspect.why),
  );

  app.get('/machines/:name/trace', (request) =>
    ask(request, valid('bad-command', addressQuery(request.query)), inspect.trace),
  );

  app.get('/machines/:name/disassembly', async (request) => {
    const query = valid('bad-command', disassemblyQuery(request.query));
    const count = query.count === undefined ? INSTRUCTIONS_DEFAULT : Number(query.count);
    if (count < 1 || count > INSTRUCTIONS_MAX) {
      throw refused('bad-command', `query: /count is ${count}, expected 1 to ${INSTRUCTIONS_MAX}`);
    }
    return ask(request, query, (question) => inspect.disassembly(question, count));
  });
}
