/**
 * A module with no bytes: what a loader needs in order to place it and to resolve its symbols, for what-if without files.
 * Format `veneerd/manifest@1`.
 */
import Type from 'typebox';
import { ModuleNameSchema } from './schema.ts';

export const MANIFEST_FORMAT = 'veneerd/manifest@1';

/** Sections add up exactly in a double, however many there are. */
const SectionSizeSchema = Type.Integer({ minimum: 0, maximum: 2 ** 36 });
const CountSchema = Type.Integer({ minimum: 0, maximum: 2 ** 31 });
/** What a symbol or section can be called: no NUL, no control characters. */
const NameSchema = Type.String({
  pattern: '^[^\\u0000-\\u001f\\u007f]{1,4096}$',
  description: '1 to 4096 characters, none of them a control character',
});

export const ManifestSectionSchema = Type.Object(
  {
    name: NameSchema,
    type: Type.Optional(Type.Enum(['progbits', 'nobits', 'note'], { description: 'progbits unless given' })),
    flags: Type.Array(Type.Enum(['alloc', 'write', 'exec']), { maxItems: 3 }),
    size: SectionSizeSchema,
    align: Type.Integer({ minimum: 1, maximum: 2 ** 30, description: 'bytes, a power of two' }),
  },
  { additionalProperties: false },
);
export type ManifestSection = Type.Static<typeof ManifestSectionSchema>;

export const ManifestImportSchema = Type.Union([
  NameSchema,
  Type.Object({ name: NameSchema, weak: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
]);
export type ManifestImport = Type.Static<typeof ManifestImportSchema>;

export const ManifestExportSchema = Type.Object(
  {
    name: NameSchema,
    section: Type.String({ description: 'the name of one of `sections`' }),
    offset: SectionSizeSchema,
    gplOnly: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type ManifestExport = Type.Static<typeof ManifestExportSchema>;

export const ModuleManifestSchema = Type.Object(
  {
    format: Type.Literal(MANIFEST_FORMAT),
    name: ModuleNameSchema,
    arch: Type.Enum(['arm64', 'x86-64']),
    sections: Type.Array(ManifestSectionSchema, { maxItems: 65_279, description: 'in section-header order' }),
    imports: Type.Array(ManifestImportSchema, { maxItems: 1_000_000 }),
    exports: Type.Array(ManifestExportSchema, { maxItems: 1_000_000 }),
    symtab: Type.Optional(
      Type.Object(
        {
          coreSymbols: CountSchema,
          coreStrings: CountSchema,
          symbols: CountSchema,
          strings: CountSchema,
        },
        {
          additionalProperties: false,
          description: 'symbols in entries, strings in bytes; core: what stays after init',
        },
      ),
    ),
    plt: Type.Optional(
      Type.Object(
        { core: CountSchema, init: CountSchema },
        { additionalProperties: false, description: 'branches that may need a PLT entry, as the loader counts them' },
      ),
    ),
  },
  { additionalProperties: false },
);
export type ModuleManifest = Type.Static<typeof ModuleManifestSchema>;
