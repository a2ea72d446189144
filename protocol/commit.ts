/** A commit: all events of one command, appended whole or not at all. */
import Type from 'typebox';
import { CommandSchema } from './commands.ts';
import { EventSchema } from './events/index.ts';
import { EpochSchema } from './schema.ts';

export { EpochSchema };

export const CommandIdSchema = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^[\\x21-\\x7e]+$',
  description: 'printable ASCII without spaces',
});

export const CommitSchema = Type.Object(
  {
    v: Type.Integer({ minimum: 1 }),
    number: Type.Integer({ minimum: 1, description: 'its place in the log: 1, 2, 3, … with no gap' }),
    time: Type.Integer({ minimum: 0, description: 'milliseconds since 1970, UTC, when the daemon took the command' }),
    id: CommandIdSchema,
    command: CommandSchema,
    events: Type.Array(EventSchema, { minItems: 1 }),
  },
  { additionalProperties: false },
);
export type Commit = Type.Static<typeof CommitSchema>;

/** A place in a machine's log: the epoch names the machine's incarnation. `commit` 0 is before the first. Positions are exclusive. */
export const PositionSchema = Type.Object(
  { epoch: EpochSchema, commit: Type.Integer({ minimum: 0 }) },
  { additionalProperties: false },
);
export type Position = Type.Static<typeof PositionSchema>;
