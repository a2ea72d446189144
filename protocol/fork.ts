/**
 * What if: a machine's log, or the beginning of it, forks into a new machine with changed rules, replayed by its commands.
 * POST /machines/:name/fork takes a ForkBody and answers with lines of JSON: ForkProgress, at the end Forked or an error.
 */
import Type from 'typebox';
import type { Position } from './commit.ts';
import type { WireError } from './errors.ts';
import { POSITION_CHARS } from './position.ts';
import { type MachineProfile, MachineProfileSchema } from './profile.ts';
import { EpochSchema, MachineNameSchema, ModuleNameSchema, Sha256Schema, SizeSchema } from './schema.ts';

const closed = { additionalProperties: false };

/** Modules that one fork adds, and that it leaves out. */
export const FORK_MODULES_MAX = 256;
/** Functions that one fork makes static calls, and that it makes ordinary ones. */
export const FORK_FUNCTIONS_MAX = 1024;

/** A profile over the one of the source, field by field. Null takes a field back to what a boot makes of the others. */
export type ProfileChanges = { readonly [Field in keyof MachineProfile]?: MachineProfile[Field] | null };

const ProfileChangesSchema = Type.Unsafe<ProfileChanges>(
  Type.Object(
    Object.fromEntries(
      Object.entries(MachineProfileSchema.properties).map(([field, schema]) => [
        field,
        Type.Optional(Type.Union([schema, Type.Null()])),
      ]),
    ),
    closed,
  ),
);

/** One more module: a load before the first load of module `before`, after commit `after` of the source, or at the end. */
export const AddedLoadSchema = Type.Object(
  {
    blob: Sha256Schema,
    file: Type.Optional(Type.String({ maxLength: 1024 })),
    before: Type.Optional(ModuleNameSchema),
    after: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  closed,
);
export type AddedLoad = Type.Static<typeof AddedLoadSchema>;

const FunctionsSchema = Type.Optional(Type.Array(Type.String({ minLength: 1 }), { maxItems: FORK_FUNCTIONS_MAX }));

/**
 * What is other in the fork. Of the profile, `moduleRegion` and `reserved` are final: they are where they say, whatever
 * KASLR did; a window that is not given stays, one that is null is gone. `kaslrSeed` null: no KASLR.
 */
export const ForkChangesSchema = Type.Object(
  {
    profile: Type.Optional(ProfileChangesSchema),
    kaslrSeed: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 0xffffffff }), Type.Null()])),
    staticCalls: Type.Optional(
      Type.Object(
        { with: FunctionsSchema, without: FunctionsSchema },
        { ...closed, description: 'functions whose calls are static calls from now on, keys that are there no more' },
      ),
    ),
    with: Type.Optional(Type.Array(AddedLoadSchema, { maxItems: FORK_MODULES_MAX })),
    without: Type.Optional(Type.Array(ModuleNameSchema, { maxItems: FORK_MODULES_MAX })),
  },
  closed,
);
export type ForkChanges = Type.Static<typeof ForkChangesSchema>;

/** The position that a machine was forked from. */
export const ForkOriginSchema = Type.Object(
  { machine: MachineNameSchema, epoch: EpochSchema, commit: Type.Integer({ minimum: 1 }) },
  closed,
);
export type ForkOrigin = Type.Static<typeof ForkOriginSchema>;

/** `at`: the position that is forked, as protocol/position.ts writes positions; the newest unless told. */
export const ForkBodySchema = Type.Object(
  {
    as: MachineNameSchema,
    at: Type.Optional(Type.String({ maxLength: POSITION_CHARS })),
    changes: ForkChangesSchema,
  },
  closed,
);
export type ForkBody = Type.Static<typeof ForkBodySchema>;

/** What became of the source's commands. The first four are commits of the fork and add up to its length. */
export interface ForkCounts {
  /** Taken over as they are: nothing was changed up to there. */
  copied: number;
  /** Decided anew. */
  decided: number;
  /** Of no sense here: CommandRefused. */
  refused: number;
  /** Loads that the changes add. */
  added: number;
  /** Loads and unloads of modules that the changes leave out: no commit. */
  leftOut: number;
  /** Of those decided, the ones whose addresses mean the same at another place. */
  translated: number;
}

export interface ForkProgress {
  readonly done: number;
  readonly of: number;
}

/** `repeated`: the same fork had been made before under this name. */
export interface Forked {
  readonly position: Position;
  readonly repeated: boolean;
  readonly counts: ForkCounts;
}

export type ForkLine = ForkProgress | { readonly forked: Forked } | { readonly error: WireError };

/** GET /machines/:name/files: a module file that the commands of a log name. `loads`: how often. */
export const LoadedFileSchema = Type.Object({
  sha256: Sha256Schema,
  file: Type.Union([Type.String(), Type.Null()]),
  loads: SizeSchema,
  stored: Type.Boolean(),
});
export type LoadedFile = Type.Static<typeof LoadedFileSchema>;
