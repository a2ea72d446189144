/** The vocabulary that every schema of the log and the wire is built from. */
import Type from 'typebox';
import type { Hex } from './address.ts';

/** An address or a 64-bit value: `0x` and 16 lowercase hex digits. */
export const HexSchema = Type.Unsafe<Hex>(Type.String({ pattern: '^0x[0-9a-f]{16}$' }));

/** An address as people write it: 1 to 16 hex digits. Profiles and commands take this form; events never carry it. */
export const LooseHexSchema = Type.Unsafe<Hex>(Type.String({ pattern: '^0x[0-9a-fA-F]{1,16}$' }));

/** Bytes as lowercase hex digits, in memory order. */
export const BytesSchema = Type.String({ pattern: '^([0-9a-f]{2})*$' });

/** A 32-bit instruction word as eight hex digits, most significant first. */
export const WordSchema = Type.String({ pattern: '^[0-9a-f]{8}$' });

export const Sha256Schema = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** A machine's name: what fits into a URL, a file name and a Redis key as it is. */
export const MachineNameSchema = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' });

/** A module's name: at most 55 bytes (MODULE_NAME_LEN less its NUL, include/linux/module.h). */
export const ModuleNameSchema = Type.String({ minLength: 1, maxLength: 55 });

export const SizeSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

export const ErrnoSchema = Type.String({ pattern: '^E[A-Z0-9]+$' });

/** A half-open range of addresses [start, end). */
export const RangeSchema = Type.Object({ start: LooseHexSchema, end: LooseHexSchema }, { additionalProperties: false });
