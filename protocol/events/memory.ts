/** What happens in the direct and the fallback window. Sizes are bytes without the guard page. */
import Type from 'typebox';
import { PARTS } from '../parts.ts';
import { HexSchema, ModuleNameSchema, SizeSchema } from '../schema.ts';

const closed = { additionalProperties: false };

export const PartSchema = Type.Enum([...PARTS]);
export type Part = Type.Static<typeof PartSchema>;

export const WindowSchema = Type.Enum(['direct', 'fallback']);
export type Window = Type.Static<typeof WindowSchema>;

/** An area: lowest first fit in `window`, followed by `guard` bytes that nobody may use. */
export const MemoryAllocated = Type.Object(
  {
    type: Type.Literal('MemoryAllocated'),
    module: ModuleNameSchema,
    part: PartSchema,
    address: HexSchema,
    size: SizeSchema,
    guard: SizeSchema,
    window: WindowSchema,
  },
  closed,
);

/** An area was given back. `lazy`: its room is not usable before the next purge. */
export const MemoryFreed = Type.Object(
  {
    type: Type.Literal('MemoryFreed'),
    module: ModuleNameSchema,
    part: PartSchema,
    address: HexSchema,
    size: SizeSchema,
    guard: SizeSchema,
    lazy: Type.Boolean(),
  },
  closed,
);

/** All lazily freed areas became usable, because a window was full, a module reached its init function, or an area was freed at once. */
export const LazyAreasPurged = Type.Object(
  {
    type: Type.Literal('LazyAreasPurged'),
    areas: Type.Array(Type.Object({ address: HexSchema, size: SizeSchema, guard: SizeSchema }, closed)),
    reason: Type.Enum(['window-full', 'init-reached', 'area-freed']),
  },
  closed,
);
