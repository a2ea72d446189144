/**
 * Where module files come from: a folder, one file, or a Debian package as it is downloaded (`linux-image-*.deb`). The one
 * way in for every command that takes modules.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { ModuleFileError } from './error.ts';
import { isModuleFile } from './name.ts';

export interface ModuleSource {
  /** The files that are wanted, sorted: below the folder, as the package installs them, or the one file's name. */
  paths(): Promise<readonly string[]>;
  /** What people call a file of it. */
  shown(path: string): string;
  /** A file as it lies there, compressed or not. Of a package and of one file the end of its path will do. */
  read(path: string): Promise<Uint8Array>;
}

/**
 * `wanted` chooses among paths: module files unless told. Rejects with the system's error where there is nothing, with a
 * ModuleFileError where a file is neither a module nor a package, or the package is damaged.
 */
export async function openModuleSource(
  source: string,
  wanted: (path: string) => boolean = isModuleFile,
): Promise<ModuleSource> {
  if ((await stat(source)).isDirectory()) return folderSource(source, wanted);
  if (isModuleFile(source) || wanted(source)) return fileSource(source, wanted);
  return packageSource(source, wanted);
}

function folderSource(folder: string, wanted: (path: string) => boolean): ModuleSource {
  let listed: Promise<readonly string[]> | undefined;
  return {
    paths: () => {
      listed ??= readdir(folder, { recursive: true, withFileTypes: true }).then((all) =>
        all
          .filter((entry) => !entry.isDirectory())
          .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
          .filter(wanted)
          .sort(),
      );
      return listed;
    },
    shown: (path) => join(folder, path),
    read: (path) => readFile(join(folder, path)),
  };
}

function fileSource(file: string, wanted: (path: string) => boolean): ModuleSource {
  const name = basename(file);
  return {
    paths: async () => (wanted(name) ? [name] : []),
    shown: () => file,
    read: (path) => (endsWith(path, name) ? readFile(file) : absent(file, path)),
  };
}

/** All that is wanted of a package is kept: it can only be read from its start. */
async function packageSource(file: string, wanted: (path: string) => boolean): Promise<ModuleSource> {
  const { debFiles } = await import('./deb.ts');
  const held = new Map((await debFiles(file, wanted)).map(({ path, bytes }) => [path, bytes]));
  const paths = [...held.keys()].sort();
  return {
    paths: async () => paths,
    shown: (path) => `${file}:${path}`,
    read: async (path) => {
      const bytes = held.get(path) ?? held.get(paths.find((each) => endsWith(each, path)) ?? '');
      return bytes ?? absent(file, path);
    },
  };
}

/** Whether `path` is `end`, or goes on to it from a folder above. */
const endsWith = (path: string, end: string): boolean => path === end || path.endsWith(`/${end}`);

function absent(source: string, path: string): Promise<never> {
  return Promise.reject(new ModuleFileError('absent', source, `holds no ${path}`));
}
