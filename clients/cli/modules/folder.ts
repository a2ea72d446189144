/**
 * A folder of modules, as /lib/modules/VERSION is one, or a distribution's kernel package, which holds such a folder: files by
 * name, and what each of them needs.
 */
import { readFile, stat } from 'node:fs/promises';
import { ModuleFileError } from '../../../daemon/modules/error.ts';
import { isModuleFile, moduleNameOf } from '../../../daemon/modules/name.ts';
import { type ModuleSource, openModuleSource } from '../../../daemon/modules/source.ts';
import { CliFailure, EXIT, fileFailure } from '../failure.ts';
import { INDEX_FILES, Index, type Soft } from './index-files.ts';
import { modinfoOf } from './modinfo.ts';

/** What a source of modules can be, for help texts. */
export const SOURCE = 'a folder, a module file, or a linux-image-*.deb';

export interface ModuleFolder {
  readonly folder: string;
  /** Paths by name, in order of path. Where two files share a name the first one counts, as the first found by kmod. */
  readonly files: ReadonlyMap<string, string>;
  /** What modules.dep and its like say. */
  readonly index: Index;
  /** A file as it lies there, compressed or not; one of elsewhere, too. */
  read(file: string): Promise<Uint8Array>;
  /** The names that a module needs itself, from modules.dep where it lists the file, else from the file. */
  needs(file: string): Promise<readonly string[]>;
  /** The names that it would rather have, from modules.softdep where there is one, else from the file. */
  wishes(file: string): Promise<Soft>;
}

/** A folder, a `.deb` as it is downloaded, or one module file. */
export async function openModuleFolder(source: string): Promise<ModuleFolder> {
  const { held, shown, read: readHeld } = await holdings(source);
  const files = new Map<string, string>();
  const inside = new Map(held.map((path) => [shown(path), path]));
  for (const path of held.filter(isModuleFile)) {
    const name = moduleNameOf(path);
    if (!files.has(name)) files.set(name, shown(path));
  }
  if (files.size === 0) {
    throw new CliFailure(
      EXIT.usage,
      'file',
      `${source}: expected module files (.ko, .ko.gz, .ko.xz, .ko.zst), found none`,
    );
  }
  const index = new Index(source);
  for (const name of INDEX_FILES) {
    const path = held.find((each) => each === name || each.endsWith(`/${name}`));
    if (path !== undefined) index.read(name, Buffer.from(await read(shown(path))).toString('utf8'), shown(path));
  }
  async function read(file: string): Promise<Uint8Array> {
    const path = inside.get(file);
    if (path === undefined) return readModule(file);
    return readHeld(path).catch((error: unknown) => Promise.reject(fileFailure(file, error)));
  }
  return {
    folder: source,
    files,
    index,
    read,
    needs: async (file) => index.needs(file) ?? (await modinfoOf(await read(file), file)).depends,
    wishes: async (file) => index.wishes(moduleNameOf(file)) ?? (await modinfoOf(await read(file), file)).soft,
  };
}

const wanted = (path: string): boolean =>
  isModuleFile(path) || INDEX_FILES.some((name) => path === name || path.endsWith(`/${name}`));

async function holdings(source: string): Promise<ModuleSource & { readonly held: readonly string[] }> {
  try {
    const opened = await openModuleSource(source, wanted);
    return { ...opened, held: await opened.paths() };
  } catch (error) {
    if (error instanceof ModuleFileError) throw new CliFailure(EXIT.usage, 'file', error.message);
    throw fileFailure(pathOf(error) ?? source, error);
  }
}

/** Which file of a folder an error of the system is about. */
const pathOf = (error: unknown): string | undefined =>
  error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;

/** A file as it lies there. */
export function readModule(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: unknown) => Promise.reject(fileFailure(file, error)));
}

/** Whether names are looked up there: in a folder, or in a package. */
export async function isModuleFolder(path: string): Promise<boolean> {
  if (path.endsWith('.deb')) return true;
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
