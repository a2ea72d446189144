/** The wire as an AsyncAPI 3 document, made of the schemas that validate it. docs/asyncapi.json is this, written down. */
import { COMMAND_SCHEMAS, CommandSchema } from './commands.ts';
import { CommitSchema, PositionSchema } from './commit.ts';
import { WireErrorSchema } from './error-schema.ts';
import { EVENT_SCHEMAS, EventSchema } from './events/index.ts';
import { FilterSchema } from './filter.ts';
import { CLIENT_FRAMES, SERVER_FRAMES } from './frames.ts';
import { MachineProfileSchema } from './profile.ts';
import { CLOSE, SOCKET_PATH, SUBPROTOCOL } from './wire.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type JsonObject = { readonly [name: string]: Json };

/** Schemas that stand by themselves; everywhere else they are named. */
const NAMED: ReadonlyMap<string, object> = new Map<string, object>([
  ...Object.entries(EVENT_SCHEMAS),
  ...Object.entries(COMMAND_SCHEMAS).map(([type, schema]): [string, object] => [`command-${type}`, schema]),
  ['Commit', CommitSchema],
  ['Command', CommandSchema],
  ['Event', EventSchema],
  ['Position', PositionSchema],
  ['Filter', FilterSchema],
  ['Error', WireErrorSchema],
  ['Profile', MachineProfileSchema],
]);

/** By its JSON, as a schema that is made optional is another object that says the same. */
const nameOf = new Map([...NAMED].map(([name, schema]) => [JSON.stringify(schema), name]));

export function asyncApi(version: string): JsonObject {
  const clientMessages = Object.entries(CLIENT_FRAMES).map(messageOf);
  const serverMessages = Object.entries(SERVER_FRAMES).map(messageOf);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'veneerd',
      version,
      description:
        `JSON text frames over one WebSocket, subprotocol ${SUBPROTOCOL}. docs/protocol.md tells how they belong together. ` +
        `Close codes: ${Object.entries(CLOSE)
          .map(([name, code]) => `${code} ${name}`)
          .join(', ')}; after 4000 to 4499 come back and resume, after 4500 to 4999 don't.`,
    },
    defaultContentType: 'application/json',
    channels: {
      socket: {
        address: SOCKET_PATH,
        messages: Object.fromEntries(
          [...clientMessages, ...serverMessages].map(([name]) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
        bindings: { ws: { method: 'GET' } },
      },
    },
    operations: {
      ask: operation('receive', 'what a client sends', clientMessages),
      tell: operation('send', 'what the daemon sends; `hello` is the first', serverMessages),
    },
    components: {
      messages: Object.fromEntries([...clientMessages, ...serverMessages]),
      schemas: Object.fromEntries([...NAMED].map(([name, schema]) => [name, inside(plain(schema))])),
    },
  };
}

const messageOf = ([name, schema]: readonly [string, object]): readonly [string, JsonObject] => [
  name,
  { name, payload: inside(plain(schema)) },
];

const operation = (
  action: string,
  summary: string,
  messages: readonly (readonly [string, JsonObject])[],
): JsonObject => ({
  action,
  summary,
  channel: { $ref: '#/channels/socket' },
  messages: messages.map(([name]) => ({ $ref: `#/channels/socket/messages/${name}` })),
});

/** Without what TypeBox keeps beside the schema. */
const plain = (schema: object): Json => JSON.parse(JSON.stringify(schema)) as Json;

/** The schema with references in place of the named ones inside it. */
function inside(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(named);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, named(value)]));
}

function named(schema: Json): Json {
  const name = typeof schema === 'object' && schema !== null ? nameOf.get(JSON.stringify(schema)) : undefined;
  return name === undefined ? inside(schema) : { $ref: `#/components/schemas/${name}` };
}
