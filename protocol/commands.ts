/** What a person or a program asks of a machine. A command that is done is kept in its commit, so that a session can be replayed by its commands. */
import Type from 'typebox';
import { MachineProfileSchema } from './profile.ts';
import {
  BookmarkNameSchema,
  ErrnoSchema,
  LooseHexSchema,
  ModuleNameSchema,
  Sha256Schema,
  SizeSchema,
} from './schema.ts';

const closed = { additionalProperties: false };

/** A `static_call_update()`: `func` is an address, `0x0` for NULL, or an exported symbol. */
export const KeyUpdateSchema = Type.Object({ key: Type.String(), func: Type.String() }, closed);

/**
 * Boots a machine. The profile is `preset`, overlaid with `profile`; windows that neither gives follow from layout and
 * kernel image; `kaslrSeed` then moves image and windows as that layout's KASLR does. `MachineBooted` holds the result.
 */
export const BootCommand = Type.Object(
  {
    type: Type.Literal('boot'),
    preset: Type.Optional(Type.String({ maxLength: 64 })),
    profile: Type.Optional(Type.Partial(MachineProfileSchema)),
    kaslrSeed: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffffffff })),
  },
  closed,
);

/** Loads a module whose bytes (or manifest) were stored under their sha256 before. */
export const LoadCommand = Type.Object(
  {
    type: Type.Literal('load'),
    blob: Sha256Schema,
    file: Type.Optional(Type.String({ description: 'the file name, for people', maxLength: 1024 })),
    init: Type.Optional(
      Type.Object(
        {
          result: Type.Optional(ErrnoSchema),
          updates: Type.Optional(Type.Array(KeyUpdateSchema)),
        },
        { ...closed, description: "what the module's own init function does: its errno, the updates that it makes" },
      ),
    ),
    percpu: Type.Optional(LooseHexSchema),
    failAllocation: Type.Optional(
      Type.Integer({ minimum: 1, description: 'which allocation of a site_mods node of this load finds no memory' }),
    ),
    fallbackAt: Type.Optional(
      Type.Record(Type.String(), LooseHexSchema, {
        description: 'by part: where the fallback window gives room, used only when the direct window is full',
      }),
    ),
  },
  closed,
);

/** Unloads a module. `held`: something other than a module holds it. */
export const UnloadCommand = Type.Object(
  {
    type: Type.Literal('unload'),
    module: ModuleNameSchema,
    held: Type.Optional(Type.Boolean()),
    exit: Type.Optional(Type.Object({ updates: Type.Optional(Type.Array(KeyUpdateSchema)) }, closed)),
  },
  closed,
);

/** static_call_update(): `key` is NAME, or MODULE:NAME; `func` an address, `0x0` for NULL, or an exported symbol. */
export const UpdateCommand = Type.Object({ type: Type.Literal('update'), ...KeyUpdateSchema.properties }, closed);

/** Readings of a running kernel (`veneer record-host`): stands in recorded commits only, and no machine takes it. */
export const ObserveCommand = Type.Object(
  { type: Type.Literal('observe'), what: Type.Enum(['host', 'trace', 'listing', 'moment']) },
  closed,
);

/** Gives a position a name: that after commit `at`, or the one that the command meets. A name is moved; null removes it. */
export const BookmarkCommand = Type.Object(
  {
    type: Type.Literal('bookmark'),
    name: BookmarkNameSchema,
    at: Type.Optional(Type.Union([SizeSchema, Type.Null()])),
  },
  closed,
);

export const COMMAND_SCHEMAS = {
  boot: BootCommand,
  load: LoadCommand,
  unload: UnloadCommand,
  update: UpdateCommand,
  observe: ObserveCommand,
  bookmark: BookmarkCommand,
} as const;
export type CommandType = keyof typeof COMMAND_SCHEMAS;
export type CommandOf<T extends CommandType> = Type.Static<(typeof COMMAND_SCHEMAS)[T]>;
export type Command = { [T in CommandType]: CommandOf<T> }[CommandType];
export const CommandSchema = Type.Unsafe<Command>(Type.Union(Object.values(COMMAND_SCHEMAS)));
