/**
 * The vocabulary that every schema of the log and the wire is built from. The `description` of a pattern says it in words:
 * `must be …`.
 */
import Type from 'typebox';
import type { Hex } from './address.ts';

/** An address or a 64-bit value: `0x` and 16 lowercase hex digits. */
export const HexSchema = Type.Unsafe<Hex>(
  Type.String({ pattern: '^0x[0-9a-f]{16}$', description: '0x and 16 lowercase hex digits' }),
);

/** An address as people write it: 1 to 16 hex digits. Profiles and commands take this form; events never carry it. */
export const LooseHexSchema = Type.Unsafe<Hex>(
  Type.String({ pattern: '^0x[0-9a-fA-F]{1,16}$', description: '0x and 1 to 16 hex digits' }),
);

/** Bytes as lowercase hex digits, in memory order. */
export const BytesSchema = Type.String({
  pattern: '^([0-9a-f]{2})*$',
  description: 'bytes as pairs of lowercase hex digits',
});

/** A 32-bit instruction word as eight hex digits, most significant first. */
export const WordSchema = Type.String({ pattern: '^[0-9a-f]{8}$', description: '8 lowercase hex digits' });

export const Sha256Schema = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: 'a sha256 as 64 lowercase hex digits',
});

/** A machine's name: what fits into a URL, a file name and a Redis key as it is. */
export const MachineNameSchema = Type.String({
  pattern: '^[a-z0-9][a-z0-9._-]{0,62}$',
  description: 'a name of 1 to 63 characters: a-z, 0-9, dot, underscore and dash, the first one a letter or a digit',
});

/** An epoch names one incarnation of a machine. */
export const EpochSchema = Type.String({
  pattern: '^[0-9a-z]{8,32}$',
  description: '8 to 32 digits and lowercase letters',
});

/** A bookmark's name. After `@` it is a position, so it has no `@` and no colon itself. */
export const BookmarkNameSchema = Type.String({
  pattern: '^[a-z0-9][a-z0-9._-]{0,62}$',
  description: 'a name of 1 to 63 characters: a-z, 0-9, dot, underscore and dash, the first one a letter or a digit',
});

/** A module's name: at most 55 bytes (MODULE_NAME_LEN less its NUL, include/linux/module.h). */
export const ModuleNameSchema = Type.String({ minLength: 1, maxLength: 55 });

export const SizeSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

export const ErrnoSchema = Type.String({
  pattern: '^E[A-Z0-9]+$',
  description: 'the name of an errno, such as ENOENT',
});

/** A number in a URL; exact in a double. */
export const NumberTextSchema = Type.String({
  pattern: '^(0|[1-9][0-9]{0,14})$',
  description: 'a whole number from 0, of at most 15 digits',
});

/** A half-open range of addresses [start, end). */
export const RangeSchema = Type.Object({ start: LooseHexSchema, end: LooseHexSchema }, { additionalProperties: false });
