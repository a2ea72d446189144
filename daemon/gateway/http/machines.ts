/** Machines over HTTP: what is there, what it looks like at a position, its log, commands. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Commit, Position } from '../../../protocol/commit.ts';
import { CommandIdSchema, CommitSchema, EpochSchema, PositionSchema } from '../../../protocol/commit.ts';
import type { DamagedSummary, MachineSummary } from '../../../protocol/frames.ts';
import { parseJson } from '../../../protocol/json.ts';
import { MachineNameSchema, ModuleNameSchema, NumberTextSchema } from '../../../protocol/schema.ts';
import { upcast } from '../../../protocol/upcast.ts';
import { validator } from '../../../protocol/validate.ts';
import { LineFault, linesOf } from '../../headless/session/lines.ts';
import { RECORDED_BYTES, SESSION_BYTES } from '../../limits.ts';
import type { Entry, MachineHead } from '../../log/log.ts';
import { readThrough } from '../../pipelines/entry.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { exportSession } from '../../pipelines/session.ts';
import { readCommand } from '../socket/read-frame.ts';
import { accepted, NDJSON, Refused, refused, sendJson, valid } from './answer.ts';
import { askedAt, atFields } from './at.ts';

/** Commits in one piece of a streamed answer. */
const PIECE = 64;

const closed = { additionalProperties: false };
const params = validator(Type.Object({ name: MachineNameSchema }, closed), 'machine');
const moduleParams = validator(Type.Object({ name: MachineNameSchema, module: ModuleNameSchema }, closed), 'module');
const atQuery = validator(Type.Object(atFields, closed), 'query');
const viewQuery = validator(Type.Object({ ...atFields, brief: Type.Optional(Type.Literal('true')) }, closed), 'query');
const commitsQuery = validator(
  Type.Object({ after: Type.Optional(NumberTextSchema), epoch: Type.Optional(EpochSchema) }, closed),
  'query',
);
const commandBody = validator(
  Type.Object({ id: CommandIdSchema, command: Type.Unknown(), expected: Type.Optional(PositionSchema) }, closed),
  'body',
);
const commitLine = validator(CommitSchema, 'commit');

export function machineRoutes(app: FastifyInstance, runtime: Runtime): void {
  const { world } = runtime;
  const nameOf = (request: FastifyRequest): string => valid('bad-command', params(request.params)).name;
  const headOf = async (request: FastifyRequest): Promise<MachineHead> => accepted(await runtime.head(nameOf(request)));

  app.get('/machines', async (): Promise<readonly (MachineSummary | DamagedSummary)[]> => {
    const { machines, damaged } = await runtime.machines();
    return [...machines.map(summary), ...damaged.map(({ name, message }) => ({ name, damaged: message }))];
  });

  app.get('/machines/:name', async (request) => summary(await headOf(request)));

  app.delete('/machines/:name', async (request, reply) => {
    accepted(await runtime.remove(nameOf(request)));
    return reply.code(204).send();
  });

  app.get('/machines/:name/view', async (request, reply) => {
    const name = nameOf(request);
    const { brief, ...query } = valid('bad-position', viewQuery(request.query));
    const form = brief === undefined ? 'whole' : 'brief';
    const { position, text } = await askedAt(runtime, name, query, (at) => runtime.view(name, at, form));
    return sendJson(reply, `{"position":${JSON.stringify(position)},"view":${text}}`);
  });

  app.get('/machines/:name/modules/:module', async (request, reply) => {
    const { name, module } = valid('bad-command', moduleParams(request.params));
    const query = valid('bad-position', atQuery(request.query));
    const { position, text } = await askedAt(runtime, name, query, (at) => runtime.module(name, module, at));
    return sendJson(reply, `{"position":${JSON.stringify(position)},"module":${text}}`);
  });

  app.get('/machines/:name/commits', async (request, reply) => {
    const { after = '0', epoch } = valid('bad-position', commitsQuery(request.query));
    const machine = await headOf(request);
    const start = { epoch: epoch ?? machine.epoch, commit: Number(after) };
    accepted(await runtime.locate(machine.name, start));
    return reply
      .type(NDJSON)
      .header('veneer-epoch', machine.epoch)
      .header('veneer-head', machine.head)
      .send(Readable.from(logTexts(runtime, machine, start.commit)));
  });

  app.post('/machines/:name/commits', { bodyLimit: RECORDED_BYTES }, async (request, reply) => {
    const { after, epoch } = valid('bad-position', commitsQuery(request.query));
    const commits = await recordedCommits(request.body);
    const expected = epoch === undefined ? null : { epoch, commit: Number(after ?? 0) };
    const position = accepted(await runtime.append(nameOf(request), expected, commits));
    return reply.code(expected === null ? 201 : 200).send({ position });
  });

  app.get('/machines/:name/session', async (request, reply) => {
    const name = nameOf(request);
    const session = accepted(await exportSession(world, name));
    return reply
      .type(NDJSON)
      .header('content-disposition', `attachment; filename="${name}.veneer.jsonl"`)
      .send(Readable.from(session));
  });

  app.post('/machines/:name/session', { bodyLimit: SESSION_BYTES }, async (request, reply) => {
    const position: Position = accepted(await runtime.importSession(nameOf(request), streamOf(request.body)));
    return reply.code(201).send({ position });
  });

  app.post('/machines/:name/commands', async (request, reply) => {
    const name = nameOf(request);
    const { id, command: raw, expected } = valid('bad-command', commandBody(request.body));
    const command = valid('bad-command', readCommand(raw));
    const { epoch, number, repeated, text } = accepted(await runtime.command(name, { id, command, expected }));
    const position = JSON.stringify({ epoch, commit: number });
    return sendJson(reply, `{"position":${position},"repeated":${repeated},"commit":${text}}`);
  });
}

function summary({ name, epoch, head }: MachineHead): MachineSummary {
  return { name, position: { epoch, commit: head } };
}

async function* logTexts({ world }: Runtime, machine: MachineHead, start: number): AsyncGenerator<string, void> {
  /** Of the last commit that was sent: what follows another one is another history. */
  let id: string | undefined;
  for (let after = start; after < machine.head; after += PIECE) {
    const texts: string[] = [];
    const upTo = Math.min(machine.head, after + PIECE);
    const add = (entry: Entry): void => {
      texts.push(entry.text, '\n');
      id = entry.id;
    };
    const error = await readThrough(world.log, machine, after, upTo, add, id);
    if (error !== undefined) throw new Refused(error.error);
    yield texts.join('');
  }
}

async function recordedCommits(body: unknown): Promise<readonly Commit[]> {
  const commits: Commit[] = [];
  try {
    for await (const { text } of linesOf(streamOf(body), RECORDED_BYTES)) {
      const where = `line ${commits.length + 1}`;
      const parsed = parseJson(text);
      if (!parsed.ok) throw refused('bad-session', `${where}: ${parsed.message}`);
      const cast = upcast(parsed.value);
      if (!cast.ok) throw refused('bad-session', `${where}: ${cast.message}`);
      commits.push(valid('bad-session', commitLine(cast.commit)));
    }
  } catch (error) {
    if (error instanceof LineFault) {
      throw refused(error.kind === 'too-large' ? 'too-large' : 'bad-session', `line ${error.line}: ${error.message}`);
    }
    throw error;
  }
  return commits;
}

function streamOf(body: unknown): AsyncIterable<Uint8Array> {
  if (body instanceof Readable) return body as AsyncIterable<Uint8Array>;
  throw refused('bad-session', `expected a body of type ${NDJSON} or application/gzip`);
}
