/**
 * What a running kernel showed of itself, recorded by `veneer record-host`. No rule decided these: they are readings, and a
 * field that is absent was not shown. Where the kernel shows enough, MachineBooted and MemoryAllocated stand beside them.
 */
import Type from 'typebox';
import { AREA_KINDS } from '../host/vmallocinfo.ts';
import { LayoutSchema } from '../profile.ts';
import { HexSchema, ModuleNameSchema, SizeSchema } from '../schema.ts';
import { PartSchema } from './memory.ts';

const closed = { additionalProperties: false };
const Optional = Type.Optional;

/** Who caused a trace event. `at`: as the trace's clock says it. */
const traced = {
  at: Optional(Type.String({ pattern: '^\\d{1,20}(\\.\\d{1,9})?$', description: 'a number with at most 9 decimals' })),
  task: Optional(Type.String({ maxLength: 64 })),
  pid: Optional(SizeSchema),
  cpu: Optional(SizeSchema),
};

export const HostLossSchema = Type.Object({ what: Type.String(), why: Type.String(), lost: Type.String() }, closed);
export type HostLoss = Type.Static<typeof HostLossSchema>;

/** The first event of a host's log. `timeBase`: what commit times count from, where no wall clock was at hand. */
export const HostObserved = Type.Object(
  {
    type: Type.Literal('HostObserved'),
    release: Optional(Type.String()),
    version: Optional(Type.String()),
    cmdline: Optional(Type.String()),
    arch: Optional(Type.Enum(['arm64', 'x86-64'])),
    layout: Optional(LayoutSchema),
    pageSize: Optional(Type.Enum([4096, 16384, 65536])),
    kallsymsAll: Optional(Type.Boolean()),
    erratum843419: Optional(Type.Boolean()),
    kaslr: Optional(Type.Boolean()),
    clock: Optional(Type.String()),
    timeBase: Type.Enum(['boot', '1970']),
    lost: Type.Array(HostLossSchema),
    notes: Type.Array(Type.String()),
  },
  closed,
);

/**
 * A module was loaded. `traced`: its init function comes next, `init` says in hindsight what came of it; `listed`: it was
 * there when the recording looked, and only its place in the order is known.
 */
export const HostModuleLoaded = Type.Object(
  {
    type: Type.Literal('HostModuleLoaded'),
    module: ModuleNameSchema,
    how: Type.Enum(['traced', 'listed', 'inferred']),
    init: Optional(Type.Enum(['succeeded', 'failed', 'running'])),
    taints: Optional(Type.String()),
    ...traced,
  },
  closed,
);

/** A module's memory was given back. `unseen`: it is gone, and nothing showed when. */
export const HostModuleFreed = Type.Object(
  {
    type: Type.Literal('HostModuleFreed'),
    module: ModuleNameSchema,
    why: Type.Enum(['init-failed', 'unloaded', 'unseen']),
    ...traced,
  },
  closed,
);

/** The kernel asked user space for a module, by a name or an alias. */
export const HostModuleRequested = Type.Object(
  {
    type: Type.Literal('HostModuleRequested'),
    name: Type.String({ maxLength: 512 }),
    wait: Optional(Type.Boolean()),
    callSite: Type.String(),
    ...traced,
  },
  closed,
);

const Named = Type.Tuple([Type.String(), HexSchema]);

/**
 * A module as the kernel shows it. `address` and `size` as /proc/modules has them; `areas` its memory as far as it is known,
 * sizes without the guard; `sections` as /sys/module shows them, those of freed init memory with addresses of long ago.
 */
export const HostModuleObserved = Type.Object(
  {
    type: Type.Literal('HostModuleObserved'),
    module: ModuleNameSchema,
    state: Type.Enum(['COMING', 'LIVE', 'GOING']),
    size: Optional(SizeSchema),
    address: Optional(HexSchema),
    coreSize: Optional(SizeSchema),
    initSize: Optional(SizeSchema),
    refcount: Optional(Type.Integer()),
    usedBy: Optional(Type.Array(Type.String())),
    taints: Optional(Type.String()),
    buildId: Optional(Type.String({ pattern: '^([0-9a-f]{2})+$', description: 'pairs of lowercase hex digits' })),
    areas: Type.Array(
      Type.Object({ part: PartSchema, address: HexSchema, size: SizeSchema, guard: SizeSchema }, closed),
    ),
    sections: Optional(Type.Array(Named)),
    symbols: Optional(
      Type.Array(Named, { description: 'some of its symbols, by which its sections can be checked (/proc/kallsyms)' }),
    ),
  },
  closed,
);

/** Every area of /proc/vmallocinfo. Sizes hold the guard page. `address` is absent where the kernel shows hashes. */
export const HostAreasObserved = Type.Object(
  {
    type: Type.Literal('HostAreasObserved'),
    areas: Type.Array(
      Type.Object(
        {
          address: Optional(HexSchema),
          size: SizeSchema,
          pages: Optional(SizeSchema),
          kind: Type.Enum([...AREA_KINDS]),
          caller: Optional(Type.String()),
          owner: Type.Enum(['module', 'loader', 'kernel', 'other']),
          module: Optional(ModuleNameSchema),
          part: Optional(PartSchema),
          window: Optional(Type.Enum(['direct', 'fallback'])),
        },
        closed,
      ),
    ),
  },
  closed,
);
