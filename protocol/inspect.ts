/**
 * What can be asked of any address of a machine, at any position of its log: who wrote what stands there, where a call
 * from there arrives, and what the code reads.
 */
import Type from 'typebox';
import { EpochSchema, type Position, PositionSchema } from './commit.ts';
import { PartSchema } from './events/memory.ts';
import { AtomicitySchema, CallClassSchema, PatchWhatSchema } from './events/static-call.ts';
import { POSITION_CHARS } from './position.ts';
import { BytesSchema, HexSchema, LooseHexSchema, NumberTextSchema, SizeSchema } from './schema.ts';

const closed = { additionalProperties: false };
const Name = Type.Union([Type.String(), Type.Null()]);
const Target = Type.Union([HexSchema, Type.Null()]);

/** `at`: a position as in protocol/position.ts. */
const asked = {
  address: LooseHexSchema,
  at: Type.Optional(Type.String({ maxLength: POSITION_CHARS })),
  epoch: Type.Optional(EpochSchema),
};
export const AddressQuerySchema = Type.Object(asked, closed);
export const DisassemblyQuerySchema = Type.Object({ ...asked, count: Type.Optional(NumberTextSchema) }, closed);

/** `symbol`: NAME+0xOFFSET [MODULE]. */
export const InstructionSchema = Type.Object(
  { address: HexSchema, bytes: BytesSchema, text: Type.String(), symbol: Name },
  closed,
);
export type Instruction = Type.Static<typeof InstructionSchema>;

/** `free`: nobody has it, or nobody has it any more. `memory`: of a module, and none of its sections. */
export const PlaceKindSchema = Type.Enum([
  'site',
  'trampoline',
  'literal',
  'key',
  'plt',
  'section',
  'memory',
  'kernel',
  'free',
]);

export const PlaceSchema = Type.Object(
  {
    kind: PlaceKindSchema,
    address: HexSchema,
    size: SizeSchema,
    /** A module, or vmlinux. */
    owner: Name,
    symbol: Name,
    section: Type.Union([
      Type.Object({ name: Type.String(), address: HexSchema, offset: SizeSchema, part: PartSchema }, closed),
      Type.Null(),
    ]),
    key: Type.Optional(Type.String()),
    /** Of a site: 1 TAIL, 2 INIT. */
    flags: Type.Optional(Type.Integer()),
    slot: Type.Optional(SizeSchema),
  },
  closed,
);
export type Place = Type.Static<typeof PlaceSchema>;

/** As the module's file has it. `value` is S + A; `from` who has the symbol; `veneer` the PLT entry that the branch got. */
export const RelocationSchema = Type.Object(
  {
    address: HexSchema,
    type: Type.String(),
    symbol: Type.String(),
    addend: Type.Integer(),
    section: Type.String(),
    offset: SizeSchema,
    value: Target,
    from: Name,
    veneer: Target,
  },
  closed,
);
export type RelocationAnswer = Type.Static<typeof RelocationSchema>;

/**
 * What wrote the place. `file`: the loader copied the module's file; `relocation`; `finalize`: alternatives, jump labels,
 * ftrace, returns; `plt`: a PLT entry was written; `boot`: boot left it; `func`: key.func was set; `patch`: a static call was.
 */
export const WriteSchema = Type.Object(
  {
    what: Type.Enum(['file', 'relocation', 'finalize', 'plt', 'boot', 'func', 'patch']),
    commit: Type.Integer({ minimum: 1 }),
    time: Type.Integer({ minimum: 0 }),
    /** The command of that commit, in words. */
    cause: Type.String(),
    /** [before, after], of the whole place or of the part that was written. */
    address: HexSchema,
    bytes: Type.Tuple([Type.Union([BytesSchema, Type.Null()]), BytesSchema]),
    text: Type.Tuple([Name, Name]),
    reason: Type.String(),
    relocation: Type.Optional(RelocationSchema),
    /** `asked`: the relocation of the branch that asked for the entry; null where the module's file is not stored. */
    veneer: Type.Optional(
      Type.Object(
        {
          slot: SizeSchema,
          target: HexSchema,
          symbol: Type.String(),
          site: HexSchema,
          distance: Type.Integer(),
          asked: Type.Union([RelocationSchema, Type.Null()]),
        },
        closed,
      ),
    ),
    patch: Type.Optional(
      Type.Object(
        {
          what: PatchWhatSchema,
          key: Type.String(),
          to: Type.Tuple([Target, Target]),
          distance: Type.Union([Type.Integer(), Type.Null()]),
          inReach: Type.Boolean(),
          hops: Type.Tuple([Type.Integer(), Type.Integer()]),
          class: CallClassSchema,
          atomicity: AtomicitySchema,
        },
        closed,
      ),
    ),
  },
  closed,
);
export type Write = Type.Static<typeof WriteSchema>;

/** GET /machines/:name/why: `writes` oldest first. `notes` say what else is known, and what is not. */
export const WhySchema = Type.Object(
  {
    position: PositionSchema,
    address: HexSchema,
    place: PlaceSchema,
    bytes: Type.Union([BytesSchema, Type.Null()]),
    text: Name,
    writes: Type.Array(WriteSchema),
    notes: Type.Array(Type.String()),
  },
  closed,
);
export type WhyAnswer = Type.Static<typeof WhySchema>;

/** Instructions that run one after the other at one place, the last of which branches, returns or traps. */
export const HopSchema = Type.Object(
  {
    place: Type.Enum(['site', 'plt', 'trampoline', 'text']),
    instructions: Type.Array(InstructionSchema),
    /** What its instructions read as data. */
    reads: Type.Array(Type.Object({ address: HexSchema, value: HexSchema }, closed)),
  },
  closed,
);

/** `end`: where it arrives; `class` none: nothing is called; trapped: it never arrives. */
export const TraceSchema = Type.Object(
  {
    position: PositionSchema,
    from: HexSchema,
    symbol: Name,
    key: Name,
    hops: Type.Array(HopSchema),
    /** Branches taken, the call included. */
    branches: Type.Integer({ minimum: 0 }),
    class: CallClassSchema,
    end: Type.Union([
      Type.Object({ address: HexSchema, symbol: Name, instructions: Type.Array(InstructionSchema) }, closed),
      Type.Null(),
    ]),
    /** Of a site: where key.func says that it must arrive, null where nothing is to be called. */
    expected: Type.Optional(Target),
    /** Of a site: whether it arrives there. */
    arrives: Type.Optional(Type.Boolean()),
    notes: Type.Array(Type.String()),
  },
  closed,
);
export type TraceAnswer = Type.Static<typeof TraceSchema>;

/** GET /machines/:name/disassembly: up to the end of the section that holds the address. */
export const DisassemblySchema = Type.Object(
  {
    position: PositionSchema,
    address: HexSchema,
    instructions: Type.Array(InstructionSchema),
    notes: Type.Array(Type.String()),
  },
  closed,
);
export type DisassemblyAnswer = Type.Static<typeof DisassemblySchema>;

/** An answer before anybody said at which position. */
export type Unplaced<T extends { readonly position: Position }> = Omit<T, 'position'>;
