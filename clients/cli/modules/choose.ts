/**
 * From what a command line names to module files in the order of loading: folders and packages (all that is in them), files,
 * and names where there is a folder or a package to look them up. `load` and `plan` choose alike.
 */
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isModuleFile, sameName } from '../../../daemon/modules/name.ts';
import { fileFailure, usage } from '../failure.ts';
import { isModuleFolder, type ModuleFolder, openModuleFolder, readModule } from './folder.ts';
import { Index } from './index-files.ts';
import { modinfoOf } from './modinfo.ts';
import { loadOrder } from './order.ts';

export interface ChooseOptions {
  /** Where names and what modules need are looked up. */
  readonly deps?: string | undefined;
  /** Names of modules that are loaded already; asked only where dependencies are looked up. */
  readonly present?: () => Promise<ReadonlySet<string>>;
  /** Soft dependencies count too; hears of those that are passed over. */
  readonly soft?: (words: string) => void;
}

export interface Chosen {
  readonly order: readonly string[];
  /** A file as it lies there, compressed or not. */
  read(file: string): Promise<Uint8Array>;
}

/** Throws a CliFailure that names what is missing or wrong. */
export async function chooseModules(given: readonly string[], options: ChooseOptions): Promise<Chosen> {
  const { deps, present, soft } = options;
  const folders: ModuleFolder[] = deps === undefined ? [] : [await openModuleFolder(deps)];
  const asked: (readonly string[] | { readonly name: string })[] = [];
  let whole = false;
  for (const one of given) {
    if (await isModuleFolder(one)) {
      const folder = await openModuleFolder(one);
      folders.push(folder);
      asked.push(inOrder(folder));
      whole = true;
    } else asked.push({ name: one });
  }
  const source = together(folders);
  const files: string[] = [];
  for (const one of asked) {
    if ('name' in one) files.push(await resolved(one.name, source, folders.length > 0));
    else files.push(...one);
  }
  if (folders.length === 0) return { order: files, read: readModule };
  const loaded = (await present?.()) ?? new Set<string>();
  const order = await loadOrder(files, source, loaded, { whole, ...(soft && { soft }) });
  return { order, read: source.read };
}

/** As modules.order has them, where there is one. */
function inOrder({ files, index }: ModuleFolder): readonly string[] {
  return [...files]
    .map(([name, file]) => ({ file, rank: index.rank(name) }))
    .sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank))
    .map(({ file }) => file);
}

/** Several folders as one: the first that has a module counts. */
function together(folders: readonly ModuleFolder[]): ModuleFolder {
  const [only, second] = folders;
  if (only && !second) return only;
  const files = new Map<string, string>();
  const owners = new Map<string, ModuleFolder>();
  for (const folder of folders) {
    for (const [name, file] of folder.files) if (!files.has(name)) files.set(name, file);
    for (const file of folder.files.values()) owners.set(file, folder);
  }
  const read = (file: string) => owners.get(file)?.read(file) ?? readModule(file);
  const info = async (file: string) => modinfoOf(await read(file), file);
  return {
    folder: folders.map(({ folder }) => folder).join(', '),
    files,
    index: only?.index ?? new Index(''),
    read,
    needs: async (file) => owners.get(file)?.needs(file) ?? (await info(file)).depends,
    wishes: async (file) => owners.get(file)?.wishes(file) ?? (await info(file)).soft,
  };
}

/** A bare name from the folders, anything else as the file that it is. */
async function resolved(text: string, { files, folder }: ModuleFolder, somewhere: boolean): Promise<string> {
  const bare = /^[\w-]+$/.test(text);
  const named = bare ? files.get(sameName(text)) : undefined;
  if (named !== undefined) return named;
  let found: Stats;
  try {
    found = await stat(text);
  } catch (error) {
    if (!bare || isModuleFile(text)) throw fileFailure(text, error);
    if (somewhere) throw usage(`${folder} has no module ${text}`);
    throw usage(`${text}: no such file or folder (to name a module, say where it is: --deps FOLDER)`);
  }
  // A device or a pipe may have no end.
  if (!found.isFile()) throw usage(`${text}: expected a file, this is a device, a pipe or a socket`);
  return text;
}
