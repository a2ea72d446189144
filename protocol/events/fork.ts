/** What a fork leaves in the log of the machine that it makes (protocol/fork.ts): where it comes from, and what made no sense. */
import Type from 'typebox';
import { ForkChangesSchema, ForkOriginSchema } from '../fork.ts';

const closed = { additionalProperties: false };

/** The machine was made of the commands of another one, up to `from.commit`. Ends the first commit. */
export const MachineForked = Type.Object(
  { type: Type.Literal('MachineForked'), from: ForkOriginSchema, changes: ForkChangesSchema },
  closed,
);

/** A command that was done in the machine that this one was forked from makes no sense here: nothing was done. */
export const CommandRefused = Type.Object(
  { type: Type.Literal('CommandRefused'), code: Type.String({ maxLength: 64 }), message: Type.String() },
  closed,
);
