/**
 * A folder of modules, as /lib/modules/VERSION is one, or a distribution's kernel package, which holds such a folder: files by
 * name, and what each of them needs.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ModuleFileError } from '../../../daemon/modules/error.ts';
import { CliFailure, EXIT, fileFailure } from '../failure.ts';
import { INDEX_FILES, Index, type Soft } from './index-files.ts';
import { modinfoOf } from './modinfo.ts';
import { isModuleFile, moduleNameOf } from './name.ts';

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

/** A folder, or a `.deb` as it is downloaded. */
export async function openModuleFolder(source: string): Promise<ModuleFolder> {
  const held = await holdings(source);
  const files = new Map<string, string>();
  const inside = new Map(held.paths.map((path) => [held.shown(path), path]));
  for (const path of [...held.paths].filter(isModuleFile).sort()) {
    const name = moduleNameOf(path);
    if (!files.has(name)) files.set(name, held.shown(path));
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
    const path = held.paths.find((each) => each === name || each.endsWith(`/${name}`));
    if (path !== undefined) index.read(name, Buffer.from(await held.read(path)).toString('utf8'), held.shown(path));
  }
  const read = (file: string): Promise<Uint8Array> => {
    const path = inside.get(file);
    return path === undefined ? readModule(file) : held.read(path);
  };
  return {
    folder: source,
    files,
    index,
    read,
    needs: async (file) => index.needs(file) ?? (await modinfoOf(await read(file), file)).depends,
    wishes: async (file) => index.wishes(moduleNameOf(file)) ?? (await modinfoOf(await read(file), file)).soft,
  };
}

/** A folder's or a package's files. */
interface Holdings {
  readonly paths: readonly string[];
  /** What people call a path. */
  shown(path: string): string;
  read(path: string): Promise<Uint8Array>;
}

async function holdings(source: string): Promise<Holdings> {
  try {
    if ((await stat(source)).isDirectory()) return await folderHoldings(source);
  } catch (error) {
    throw fileFailure(source, error);
  }
  return packageHoldings(source);
}

async function folderHoldings(folder: string): Promise<Holdings> {
  const paths = await readdir(folder, { recursive: true });
  return {
    paths,
    shown: (path) => join(folder, path),
    read: (path) => readModule(join(folder, path)),
  };
}

/** A file as it lies there. */
export function readModule(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: unknown) => Promise.reject(fileFailure(file, error)));
}

async function packageHoldings(source: string): Promise<Holdings> {
  const { debFiles } = await import('../../../daemon/modules/deb.ts');
  const wanted = (path: string) => isModuleFile(path) || INDEX_FILES.some((name) => path.endsWith(`/${name}`));
  try {
    const held = new Map((await debFiles(source, wanted)).map(({ path, bytes }) => [path, bytes]));
    return {
      paths: [...held.keys()],
      shown: (path) => `${source}:${path}`,
      read: async (path) => held.get(path) ?? readModule(path),
    };
  } catch (error) {
    if (error instanceof ModuleFileError) throw new CliFailure(EXIT.usage, 'file', error.message);
    throw error;
  }
}

/** Whether names are looked up there: in a folder, or in a package. */
export async function isModuleFolder(path: string): Promise<boolean> {
  if (path.endsWith('.deb')) return true;
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
