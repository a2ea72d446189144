/** Reads a module manifest: JSON, checked by its schema and then for what a schema cannot say. */
import { type ModuleManifest, ModuleManifestSchema } from '../../protocol/manifest.ts';
import { validator } from '../../protocol/validate.ts';
import { ModuleFileError } from './error.ts';

const validate = validator(ModuleManifestSchema, 'manifest');

/** Rejects with a ModuleFileError that names the file, and the path inside it where there is one. */
export function readManifest(text: string, file: string): ModuleManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ModuleFileError('not-a-module', file, error instanceof Error ? error.message : String(error));
  }
  const manifest = validate(value);
  if (!manifest.ok) throw new ModuleFileError('not-a-module', file, manifest.message);
  checkReferences(manifest.value, file);
  return manifest.value;
}

function checkReferences(manifest: ModuleManifest, file: string): void {
  const refuse = (path: string, words: string): ModuleFileError =>
    new ModuleFileError('not-a-module', file, `${path} ${words}`);
  const sizes = new Map<string, number>();
  for (const [i, section] of manifest.sections.entries()) {
    const { align } = section;
    if ((align & (align - 1)) !== 0) throw refuse(`/sections/${i}/align`, `is ${align}, must be a power of two`);
    sizes.set(section.name, section.size);
  }
  for (const [i, symbol] of manifest.exports.entries()) {
    const size = sizes.get(symbol.section);
    if (size === undefined)
      throw refuse(`/exports/${i}/section`, `names no section: ${JSON.stringify(symbol.section)}`);
    if (symbol.offset > size) {
      throw refuse(`/exports/${i}/offset`, `is ${symbol.offset}, beyond the ${size} bytes of ${symbol.section}`);
    }
  }
  const { symtab } = manifest;
  if (symtab !== undefined && (symtab.coreSymbols > symtab.symbols || symtab.coreStrings > symtab.strings)) {
    throw refuse('/symtab', 'has a core part larger than the whole');
  }
}
