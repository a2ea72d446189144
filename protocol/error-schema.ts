/** The form of an error on the wire; errors.ts says which there are. */
import Type from 'typebox';
import { ERRORS, type ErrorCode, type WireError } from './errors.ts';

export const WireErrorSchema = Type.Unsafe<WireError>(
  Type.Object(
    {
      code: Type.Enum(Object.keys(ERRORS) as ErrorCode[]),
      message: Type.String(),
      temporary: Type.Boolean(),
    },
    { additionalProperties: false },
  ),
);
