/** Questions about addresses over HTTP. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import {
  AddressQuerySchema,
  DisassemblyQuerySchema,
  INSTRUCTIONS_DEFAULT,
  INSTRUCTIONS_MAX,
} from '../../../protocol/inspect.ts';
import { MachineNameSchema } from '../../../protocol/schema.ts';
import { validator } from '../../../protocol/validate.ts';
import type { Inspector, Question } from '../../pipelines/inspect.ts';
import { accepted, refused, valid } from './answer.ts';

const params = validator(Type.Object({ name: MachineNameSchema }, { additionalProperties: false }), 'machine');
const addressQuery = validator(AddressQuerySchema, 'query');
const disassemblyQuery = validator(DisassemblyQuerySchema, 'query');

export function inspectRoutes(app: FastifyInstance, inspector: Inspector): void {
  const questionOf = (
    request: FastifyRequest,
    { address, at }: { readonly address: string; readonly at?: string },
  ): Question => {
    const machine = valid('bad-command', params(request.params)).name;
    return { machine, address, at: at === undefined ? undefined : Number(at) };
  };

  app.get('/machines/:name/why', async (request) => {
    return accepted(await inspector.why(questionOf(request, valid('bad-command', addressQuery(request.query)))));
  });

  app.get('/machines/:name/trace', async (request) => {
    return accepted(await inspector.trace(questionOf(request, valid('bad-command', addressQuery(request.query)))));
  });

  app.get('/machines/:name/disassembly', async (request) => {
    const query = valid('bad-command', disassemblyQuery(request.query));
    const count = query.count === undefined ? INSTRUCTIONS_DEFAULT : Number(query.count);
    if (count < 1 || count > INSTRUCTIONS_MAX) {
      throw refused('bad-command', `query: /count is ${count}, expected 1 to ${INSTRUCTIONS_MAX}`);
    }
    return accepted(await inspector.disassembly(questionOf(request, query), count));
  });
}
