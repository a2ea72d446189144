/** A folder of modules, as /lib/modules/VERSION is one: files by name, and what each of them needs. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { CliFailure, EXIT, fileFailure } from '../failure.ts';
import { dependsOf } from './modinfo.ts';
import { isModuleFile, moduleNameOf } from './name.ts';

export interface ModuleFolder {
  readonly folder: string;
  /** Paths by name, in order of path. Where two files share a name the first one counts, as the first found by kmod. */
  readonly files: ReadonlyMap<string, string>;
  /** The names that a module needs itself, from modules.dep where it lists the file, else from the file. */
  needs(file: string): Promise<readonly string[]>;
}

export async function openModuleFolder(folder: string): Promise<ModuleFolder> {
  let found: string[];
  try {
    found = await readdir(folder, { recursive: true });
  } catch (error) {
    throw fileFailure(folder, error);
  }
  const files = new Map<string, string>();
  for (const path of found.filter(isModuleFile).sort()) {
    const name = moduleNameOf(path);
    if (!files.has(name)) files.set(name, join(folder, path));
  }
  if (files.size === 0) {
    throw new CliFailure(
      EXIT.usage,
      'file',
      `${folder}: expected module files (.ko, .ko.gz, .ko.xz, .ko.zst), found none`,
    );
  }
  const listed = found.includes('modules.dep') ? await readModulesDep(join(folder, 'modules.dep')) : undefined;
  return {
    folder,
    files,
    needs: async (file) => listed?.get(relative(resolve(folder), resolve(file))) ?? (await dependsOf(file)),
  };
}

/** Lines of `PATH: PATH PATH …`, paths relative to the folder, as depmod(8) writes them. */
async function readModulesDep(file: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const needs = new Map<string, readonly string[]>();
  const lines = (await readFile(file, 'utf8')).split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    if (colon < 0) {
      throw new CliFailure(EXIT.usage, 'file', `${file}:${index + 1}: expected "PATH: PATH…" as depmod writes it`);
    }
    const paths = line
      .slice(colon + 1)
      .split(/\s+/)
      .filter((path) => path !== '');
    needs.set(line.slice(0, colon), paths.map(moduleNameOf));
  }
  return needs;
}
