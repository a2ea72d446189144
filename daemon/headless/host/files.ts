/** Module files for a verification: from folders, single files, and Debian packages as they are downloaded. */
import { decompressModule } from '../../modules/decompress.ts';
import { isModuleFile, moduleNameOf } from '../../modules/name.ts';
import { openModuleSource } from '../../modules/source.ts';
import { HostError } from './readings.ts';
import type { ModuleFile } from './verify.ts';

/** Every file of the wanted modules, by module; several where several sources have one. Rejects with a HostError. */
export async function moduleFiles(
  sources: readonly string[],
  wanted: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly ModuleFile[]>> {
  const found = new Map<string, ModuleFile[]>();
  const is = (path: string): boolean => isModuleFile(path) && wanted.has(moduleNameOf(path));
  for (const source of sources) {
    try {
      const opened = await openModuleSource(source, is);
      for (const path of await opened.paths()) {
        const file = opened.shown(path);
        const bytes = await decompressModule(await opened.read(path), { name: file });
        const name = moduleNameOf(path);
        found.set(name, [...(found.get(name) ?? []), { file, bytes }]);
      }
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new HostError(words.startsWith(source) ? words : `${source}: ${words}`);
    }
  }
  return found;
}
