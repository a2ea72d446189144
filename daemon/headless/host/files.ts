/** Module files for a verification: from folders, single files, and Debian packages as they are downloaded. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { debFiles, type PackedFile } from '../../modules/deb.ts';
import { decompressModule } from '../../modules/decompress.ts';
import { HostError } from './readings.ts';
import type { ModuleFile } from './verify.ts';

const MODULE = /\.ko(\.gz|\.xz|\.zst)?$/;

/** `kernel/fs/nls/nls-ascii.ko.xz` -> `nls_ascii`, as the kernel calls it. */
const nameOf = (path: string): string => basename(path).replace(MODULE, '').replaceAll('-', '_');

/** Every file of the wanted modules, by module; several where several sources have one. Rejects with a HostError. */
export async function moduleFiles(
  sources: readonly string[],
  wanted: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly ModuleFile[]>> {
  const found = new Map<string, ModuleFile[]>();
  const is = (path: string): boolean => MODULE.test(path) && wanted.has(nameOf(path));
  for (const source of sources) {
    try {
      for await (const { path, bytes } of filesOf(source, is)) {
        const file = { file: path, bytes: await decompressModule(bytes, { name: path }) };
        found.set(nameOf(path), [...(found.get(nameOf(path)) ?? []), file]);
      }
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new HostError(words.startsWith(source) ? words : `${source}: ${words}`);
    }
  }
  return found;
}

async function* filesOf(source: string, is: (path: string) => boolean): AsyncGenerator<PackedFile, void, undefined> {
  if ((await stat(source)).isDirectory()) {
    for (const path of (await readdir(source, { recursive: true })).filter(is).sort()) {
      const file = join(source, path);
      if ((await stat(file)).isFile()) yield { path: file, bytes: await readFile(file) };
    }
    return;
  }
  if (MODULE.test(source)) {
    if (is(source)) yield { path: source, bytes: await readFile(source) };
    return;
  }
  for (const { path, bytes } of await debFiles(source, is)) yield { path: `${source}:${path}`, bytes };
}
