/** What happens to a machine as a whole. */
import Type from 'typebox';
import { MachineProfileSchema } from '../profile.ts';

/** A machine exists from here on; always the first event of a log. */
export const MachineBooted = Type.Object(
  { type: Type.Literal('MachineBooted'), profile: MachineProfileSchema },
  { additionalProperties: false },
);
