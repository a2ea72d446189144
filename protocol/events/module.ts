/** The life of a module: loaded, COMING, LIVE, GOING, and every way in which that fails. */
import Type from 'typebox';
import { ErrnoSchema, HexSchema, ModuleNameSchema, Sha256Schema, SizeSchema, WordSchema } from '../schema.ts';
import { PartSchema, WindowSchema } from './memory.ts';

const closed = { additionalProperties: false };
const PltCounts = Type.Object({ core: SizeSchema, init: SizeSchema }, closed);

/** Where the sections landed. `sizes` is bytes by part before page rounding; `groups` the page-aligned ends of linux-6.1's groups. */
export const ModuleLaidOut = Type.Object(
  {
    type: Type.Literal('ModuleLaidOut'),
    module: ModuleNameSchema,
    blob: Sha256Schema,
    file: Type.Optional(Type.String()),
    parts: Type.Array(
      Type.Object({ part: PartSchema, address: HexSchema, size: SizeSchema, window: WindowSchema }, closed),
    ),
    sections: Type.Array(
      Type.Object({ name: Type.String(), address: HexSchema, size: SizeSchema, part: PartSchema }, closed),
    ),
    sizes: Type.Record(Type.String(), SizeSchema),
    groups: Type.Optional(
      Type.Object(
        {
          core: Type.Object({ text: SizeSchema, ro: SizeSchema, roAfterInit: SizeSchema, total: SizeSchema }, closed),
          init: Type.Object({ text: SizeSchema, total: SizeSchema }, closed),
        },
        closed,
      ),
    ),
    pltReserved: PltCounts,
    percpu: Type.Optional(Type.Object({ address: HexSchema, size: SizeSchema }, closed)),
  },
  closed,
);

/** Where each undefined symbol points. `owner` is the exporting module, or `vmlinux`; null for a weak one that nobody has. */
export const SymbolsResolved = Type.Object(
  {
    type: Type.Literal('SymbolsResolved'),
    module: ModuleNameSchema,
    imports: Type.Array(
      Type.Object({ name: Type.String(), address: HexSchema, owner: Type.Union([Type.String(), Type.Null()]) }, closed),
    ),
  },
  closed,
);

/** A veneer: a branch out of +-128 MB got a PLT entry, or erratum 843419 moved an ADRP out of line. */
export const VeneerWritten = Type.Object(
  {
    type: Type.Literal('VeneerWritten'),
    module: ModuleNameSchema,
    kind: Type.Enum(['branch', 'adrp']),
    section: Type.Enum(['.plt', '.init.plt']),
    slot: SizeSchema,
    address: HexSchema,
    words: Type.Array(WordSchema),
    target: HexSchema,
    symbol: Type.String(),
    site: Type.Object(
      { address: HexSchema, distance: Type.Integer({ description: 'bytes from the site to the target, signed' }) },
      { ...closed, description: 'the first instruction that needed it' },
    ),
  },
  closed,
);

/** All relocations are applied. A branch that shares a veneer counts as `veneer`. */
export const RelocationsApplied = Type.Object(
  {
    type: Type.Literal('RelocationsApplied'),
    module: ModuleNameSchema,
    relocations: SizeSchema,
    branches: Type.Object({ direct: SizeSchema, veneer: SizeSchema }, closed),
    pltUsed: PltCounts,
  },
  closed,
);

/** MODULE_STATE_COMING: its exports can be linked against, its notifiers run. */
export const ModuleComing = Type.Object(
  {
    type: Type.Literal('ModuleComing'),
    module: ModuleNameSchema,
    exports: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          address: HexSchema,
          gplOnly: Type.Optional(Type.Literal(true)),
          namespace: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    uses: Type.Array(ModuleNameSchema, { description: 'the modules whose use count this one raises' }),
    hasInit: Type.Boolean(),
    hasExit: Type.Boolean(),
    vermagic: Type.Optional(Type.String()),
    proprietary: Type.Optional(
      Type.Literal(true, { description: 'by its license, or because it uses symbols of a module that is' }),
    ),
  },
  closed,
);

/** MODULE_STATE_LIVE: its init function returned 0. */
export const ModuleLive = Type.Object({ type: Type.Literal('ModuleLive'), module: ModuleNameSchema }, closed);

/** A load came to nothing. `words` are the kernel's own; `step` is where it stopped. */
export const ModuleLoadFailed = Type.Object(
  {
    type: Type.Literal('ModuleLoadFailed'),
    module: Type.String(),
    blob: Sha256Schema,
    file: Type.Optional(Type.String()),
    errno: ErrnoSchema,
    words: Type.String(),
    step: Type.Enum(['read', 'check', 'allocate', 'link', 'relocate', 'form', 'coming', 'init']),
  },
  closed,
);

/** MODULE_STATE_GOING: after a failed init, or in an unload. */
export const ModuleGoing = Type.Object({ type: Type.Literal('ModuleGoing'), module: ModuleNameSchema }, closed);

/** Nothing of the module is left but the events. */
export const ModuleGone = Type.Object({ type: Type.Literal('ModuleGone'), module: ModuleNameSchema }, closed);

export const ModuleUnloadFailed = Type.Object(
  {
    type: Type.Literal('ModuleUnloadFailed'),
    module: Type.String(),
    errno: ErrnoSchema,
    words: Type.String(),
  },
  closed,
);
