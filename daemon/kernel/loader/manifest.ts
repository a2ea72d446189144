/** Reads a module manifest: JSON, checked by its schema and then for what a schema cannot say. */
import { type ModuleManifest, ModuleManifestSchema } from '../../../protocol/manifest.ts';
import { type Valid, validator } from '../../../protocol/validate.ts';

const validate = validator(ModuleManifestSchema, 'manifest');

/** The manifest in `text`; where there is none, the message names the path inside it and what was expected. */
export function readManifest(text: string): Valid<ModuleManifest> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
  const manifest = validate(value);
  const fault = manifest.ok ? badReference(manifest.value) : undefined;
  return fault === undefined ? manifest : { ok: false, message: fault };
}

function badReference(manifest: ModuleManifest): string | undefined {
  const sizes = new Map<string, number>();
  for (const [i, { name, size, align }] of manifest.sections.entries()) {
    if ((align & (align - 1)) !== 0) return `/sections/${i}/align is ${align}, must be a power of two`;
    sizes.set(name, size);
  }
  for (const [i, { section, offset }] of manifest.exports.entries()) {
    const size = sizes.get(section);
    if (size === undefined) return `/exports/${i}/section names no section: ${JSON.stringify(section)}`;
    if (offset > size) return `/exports/${i}/offset is ${offset}, beyond the ${size} bytes of ${section}`;
  }
  const { symtab } = manifest;
  if (symtab !== undefined && (symtab.coreSymbols > symtab.symbols || symtab.coreStrings > symtab.strings)) {
    return '/symtab has a core part larger than the whole';
  }
  return undefined;
}
