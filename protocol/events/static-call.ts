/** What happens to static calls: keys, their site_mods, sites, trampolines, and every patch with its reason. */
import Type from 'typebox';
import { BytesSchema, HexSchema, ModuleNameSchema, SizeSchema } from '../schema.ts';

export { SITE_INIT, SITE_TAIL } from '../site-flags.ts';

const closed = { additionalProperties: false };
const KeyName = Type.String({
  minLength: 1,
  description: 'NAME for a key of vmlinux, MODULE:NAME for one of a module',
});
const Owner = Type.String({ minLength: 1, description: 'a module, or vmlinux' });
const Target = Type.Union([HexSchema, Type.Null()]);
const Hops = Type.Integer({ minimum: 0, description: 'branches taken, the call included' });

/** How a write gets to memory while others execute: one store, all CPUs stopped, or x86's int3 sequence. */
export const AtomicitySchema = Type.Enum(['single-word', 'stop-machine', 'int3']);
export type Atomicity = Type.Static<typeof AtomicitySchema>;

/** `direct`: one branch; `veneer`: through one place more; `veneers`: through more; `none`: nothing is called. */
export const CallClassSchema = Type.Enum(['direct', 'veneer', 'veneers', 'trapped', 'none']);
export type CallClass = Type.Static<typeof CallClassSchema>;

export const PatchWhatSchema = Type.Enum(['site', 'trampoline', 'literal', 'veneer']);
export type PatchWhat = Type.Static<typeof PatchWhatSchema>;

/** Keys are there from now on: the kernel's own at boot, a module's when it is COMING. `bytes` are the trampoline's. */
export const StaticCallKeysAdded = Type.Object(
  {
    type: Type.Literal('StaticCallKeysAdded'),
    module: Owner,
    keys: Type.Array(
      Type.Object(
        {
          name: KeyName,
          address: HexSchema,
          func: HexSchema,
          calls: Type.Union([HexSchema, Type.Null()], { description: 'where a call arrives; null: nothing is called' }),
          tramp: HexSchema,
          bytes: BytesSchema,
          text: Type.String(),
          literal: Type.Optional(HexSchema),
          literalBytes: Type.Optional(BytesSchema),
          orig: Type.Optional(HexSchema),
        },
        closed,
      ),
    ),
  },
  closed,
);

/** A module took its keys along. */
export const StaticCallKeysGone = Type.Object(
  { type: Type.Literal('StaticCallKeysGone'), module: ModuleNameSchema, keys: Type.Array(KeyName) },
  closed,
);

/**
 * The site table of a module in its final order, before any of its sites was transformed (vmlinux: as boot left it). One
 * run for each key. A site is [address, flags, bytes, class, hops, veneer]: flags 1 TAIL, 2 INIT; `veneer` the PLT entry
 * that relocation made it go through.
 */
export const StaticCallSitesSorted = Type.Object(
  {
    type: Type.Literal('StaticCallSitesSorted'),
    module: Owner,
    runs: Type.Array(
      Type.Object(
        {
          key: KeyName,
          sites: Type.Array(
            Type.Tuple([
              HexSchema,
              Type.Integer({ minimum: 0, maximum: 3 }),
              Type.Union([BytesSchema, Type.Null()]),
              CallClassSchema,
              Hops,
              Target,
            ]),
          ),
        },
        closed,
      ),
    ),
  },
  closed,
);

/** A node is the new head of the key's list. The kernel's own gets its one (owner vmlinux) when the first module's arrives. */
export const SiteModAllocated = Type.Object(
  { type: Type.Literal('SiteModAllocated'), key: KeyName, owner: Owner, sites: SizeSchema },
  closed,
);

/** No memory for a node: the load fails. What was done before it stays until the clean-up. */
export const SiteModAllocationFailed = Type.Object(
  {
    type: Type.Literal('SiteModAllocationFailed'),
    key: KeyName,
    module: ModuleNameSchema,
    allocation: Type.Integer({ minimum: 1, description: 'which allocation of this load it was' }),
    words: Type.String(),
  },
  closed,
);

/** The module's nodes left the lists of these keys. Its sites are not restored. */
export const SiteModsFreed = Type.Object(
  { type: Type.Literal('SiteModsFreed'), module: ModuleNameSchema, keys: Type.Array(KeyName) },
  closed,
);

/** key.func was set, by an `update` command or by a module's init or exit function. `calls`: where calls arrive now. */
export const StaticCallFuncSet = Type.Object(
  {
    type: Type.Literal('StaticCallFuncSet'),
    key: KeyName,
    from: HexSchema,
    to: HexSchema,
    calls: Target,
    by: Type.String({ description: '`update`, `init of MODULE` or `exit of MODULE`' }),
  },
  closed,
);

/** static_call_update() with the func that the key has: nothing is done. */
export const StaticCallFuncKept = Type.Object(
  { type: Type.Literal('StaticCallFuncKept'), key: KeyName, func: HexSchema, by: Type.String() },
  closed,
);

/** The key keeps the trampoline's address from its first site on. `callee` is what the call instruction said. */
export const StaticCallOrigRecorded = Type.Object(
  { type: Type.Literal('StaticCallOrigRecorded'), key: KeyName, orig: HexSchema, site: HexSchema, callee: Target },
  closed,
);

/**
 * Bytes were written. Pairs are [before, after]; `to` is the destination of the branch there; `distance` is signed bytes
 * from the address to key.func, null for NULL; `inReach` says whether one branch bridges it.
 */
export const StaticCallPatched = Type.Object(
  {
    type: Type.Literal('StaticCallPatched'),
    what: PatchWhatSchema,
    key: KeyName,
    owner: Owner,
    address: HexSchema,
    bytes: Type.Tuple([BytesSchema, BytesSchema]),
    text: Type.Tuple([Type.String(), Type.String()]),
    to: Type.Tuple([Target, Target]),
    distance: Type.Union([Type.Integer(), Type.Null()]),
    inReach: Type.Boolean(),
    hops: Type.Tuple([Hops, Hops]),
    class: CallClassSchema,
    atomicity: AtomicitySchema,
    reason: Type.String(),
  },
  closed,
);

/** A site out of reach of func under a flavour without veneers: it calls the poisoned trampoline, and would trap. */
export const StaticCallStrayed = Type.Object(
  {
    type: Type.Literal('StaticCallStrayed'),
    key: KeyName,
    owner: Owner,
    site: HexSchema,
    distance: Type.Integer(),
    hops: Hops,
  },
  closed,
);

/**
 * Sites go another way though nothing was written at them: the PLT entry that they go through was. A site is
 * [key, address, class, hops].
 */
export const StaticCallSitesRerouted = Type.Object(
  {
    type: Type.Literal('StaticCallSitesRerouted'),
    module: Owner,
    sites: Type.Array(Type.Tuple([KeyName, HexSchema, CallClassSchema, Hops])),
  },
  closed,
);
