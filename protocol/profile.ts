/**
 * A machine profile: the facts of one kernel that placement and patching depend on. The same object stands in a
 * scenario's `machine`, in a `boot` command and in `MachineBooted`. Fields that this version does not know are kept.
 */
import Type from 'typebox';
import { FLAVOURS, LAYOUTS } from './flavours.ts';
import { BytesSchema, LooseHexSchema, RangeSchema } from './schema.ts';

export { FLAVOURS, LAYOUTS };

const WindowSchema = Type.Optional(Type.Union([RangeSchema, Type.Null()]));

export const LayoutSchema = Type.Enum([...LAYOUTS]);
export type Layout = Type.Static<typeof LayoutSchema>;
export const FlavourSchema = Type.Enum([...FLAVOURS]);
export type Flavour = Type.Static<typeof FlavourSchema>;

/** A static-call key of the kernel image. arm64 names the `symbol` whose calls are sites; x86-64 has the trampoline's bytes. */
export const KeyProfileSchema = Type.Object({
  address: LooseHexSchema,
  func: Type.String({ minLength: 1, description: 'address, "0x0" for NULL, or an exported symbol' }),
  tramp: LooseHexSchema,
  symbol: Type.Optional(Type.String()),
  literal: Type.Optional(LooseHexSchema),
  trampBytes: Type.Optional(BytesSchema),
});
export type KeyProfile = Type.Static<typeof KeyProfileSchema>;

export const StaticCallsProfileSchema = Type.Object({
  keys: Type.Record(Type.String(), KeyProfileSchema),
  trampKeys: Type.Optional(Type.Array(Type.Tuple([LooseHexSchema, LooseHexSchema, Type.String()]))),
  vmlinuxSites: Type.Optional(
    Type.Array(
      Type.Tuple([
        LooseHexSchema,
        Type.String(),
        Type.Integer({ minimum: 0, maximum: 3 }),
        Type.Union([Type.String(), Type.Null()]),
      ]),
    ),
  ),
});

export const MachineProfileSchema = Type.Object({
  arch: Type.Enum(['arm64', 'x86-64']),
  layout: LayoutSchema,
  pageSize: Type.Enum([4096, 16384, 65536]),
  kallsymsAll: Type.Boolean(),
  kernel: Type.Object({
    text: LooseHexSchema,
    etext: LooseHexSchema,
    end: LooseHexSchema,
    initFree: Type.Optional(Type.Tuple([LooseHexSchema, LooseHexSchema])),
  }),
  moduleRegion: Type.Object(
    { direct: WindowSchema, fallback: WindowSchema },
    { description: 'where the loader allocates: the direct window first, then the fallback window' },
  ),
  reserved: Type.Array(Type.Tuple([LooseHexSchema, LooseHexSchema]), {
    description: 'areas in those windows that others hold, guard pages included',
  }),
  errata: Type.Optional(Type.Array(Type.String())),
  cpuCaps: Type.Optional(
    Type.String({
      pattern: '^0x[0-9a-fA-F]{1,64}$',
      description: 'CPU capabilities, bit n = capability n, as 0x and 1 to 64 hex digits',
    }),
  ),
  symbols: Type.Record(Type.String(), LooseHexSchema, { description: 'what vmlinux exports, by address' }),
  openSymbols: Type.Optional(
    Type.Boolean({
      description:
        'vmlinux exports every symbol that a module asks for and no loaded module exports, at an address that follows from its name: real modules then load into an invented kernel. What another module would have exported is found there too, so that a missing dependency is not an error',
    }),
  ),
  gplOnly: Type.Optional(Type.Array(Type.String(), { description: 'which of the symbols are EXPORT_SYMBOL_GPL' })),
  percpu: Type.Optional(RangeSchema),
  vermagic: Type.Optional(Type.String()),
  randomizeModuleRegionFull: Type.Optional(
    Type.Boolean({ description: 'CONFIG_RANDOMIZE_MODULE_REGION_FULL (arm64): what KASLR does to the windows' }),
  ),
  kaslrSeed: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffffffff })),
  staticCall: Type.Optional(FlavourSchema),
  staticCallOrig: Type.Optional(
    Type.Boolean({ description: 'false: keys keep no `orig`, as in the first series of 2018 (inline-defuse)' }),
  ),
  staticCalls: Type.Optional(StaticCallsProfileSchema),
  returnThunk: Type.Optional(Type.Object({ name: Type.String(), address: LooseHexSchema, enabled: Type.Boolean() })),
});
export type MachineProfile = Type.Static<typeof MachineProfileSchema>;
