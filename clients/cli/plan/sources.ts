/** The modules of a plan: from folders, packages, files, names and lists to bytes in the order of loading. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { PlanModule } from '../../../daemon/headless/plan/input.ts';
import { ModuleFileError } from '../../../daemon/modules/error.ts';
import { CliFailure, EXIT, fileFailure, usage } from '../failure.ts';
import { isModuleFolder, type ModuleFolder, openModuleFolder, readModule } from '../modules/folder.ts';
import { Index } from '../modules/index-files.ts';
import { modinfoOf } from '../modules/modinfo.ts';
import { isModuleFile, moduleNameOf, sameName } from '../modules/name.ts';
import { loadOrder } from '../modules/order.ts';

export interface SourceOptions {
  /** Where names and what modules need are looked up. */
  readonly deps?: string;
  /** A file with a path or a name a line. */
  readonly list?: string;
}

export interface Telling {
  readonly note: (line: string) => void;
  readonly progress: (done: number, total: number, what: string) => void;
}

/** At most so many notes about soft dependencies. */
const NOTES = 8;

/** Throws a CliFailure that names what is missing or wrong. */
export async function planModules(
  given: readonly string[],
  options: SourceOptions,
  { note, progress }: Telling,
): Promise<readonly PlanModule[]> {
  const wanted = [...given, ...(options.list === undefined ? [] : await readList(options.list))];
  if (wanted.length === 0) throw usage('expected modules: a folder, a package, files, names with --deps, or --list');
  const folders: ModuleFolder[] = options.deps === undefined ? [] : [await openModuleFolder(options.deps)];
  const asked: string[] = [];
  const names: string[] = [];
  let whole = false;
  for (const one of wanted) {
    if (await isModuleFolder(one)) {
      const folder = await openModuleFolder(one);
      folders.push(folder);
      asked.push(...inOrder(folder));
      whole = true;
    } else if (isModuleFile(one) || one.includes('/')) asked.push(one);
    else names.push(one);
  }
  const source = together(folders);
  for (const name of names) asked.push(found(name, source, folders.length > 0));
  const passed: string[] = [];
  const order =
    folders.length === 0
      ? asked
      : await loadOrder(asked, source, new Set(), { whole, soft: (words) => passed.push(words) });
  for (const words of passed.slice(0, NOTES)) note(words);
  if (passed.length > NOTES) note(`${passed.length - NOTES} more softdeps are passed over`);
  return unpack(order, source, progress);
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

function found(name: string, { files, folder }: ModuleFolder, somewhere: boolean): string {
  if (!somewhere) throw usage(`${name}: no such folder or file; to plan a module by name, say where: --deps FOLDER`);
  const file = files.get(sameName(name));
  if (file === undefined) throw usage(`${folder} has no module ${name}`);
  return file;
}

/** The first word of each line: the output of lsmod, /proc/modules and modprobe -D will do. */
async function readList(file: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw fileFailure(file, error);
  }
  const lines = text.split('\n').map((line) => line.trim().replace(/^insmod\s+/, ''));
  const words = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(/\s+/)[0] ?? '');
  const names = words[0] === 'Module' ? words.slice(1) : words;
  if (names.length === 0) throw new CliFailure(EXIT.usage, 'file', `${file}: expected a module a line, found none`);
  return names;
}

async function unpack(
  files: readonly string[],
  source: ModuleFolder,
  progress: Telling['progress'],
): Promise<readonly PlanModule[]> {
  const { decompressModule } = await import('../../../daemon/modules/decompress.ts');
  const modules: PlanModule[] = [];
  for (const [index, file] of files.entries()) {
    progress(index, files.length, moduleNameOf(file));
    try {
      const bytes = await decompressModule(await source.read(file), { name: file });
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      modules.push({ file: basename(file), sha256, bytes });
    } catch (error) {
      if (error instanceof ModuleFileError) throw new CliFailure(EXIT.usage, 'bad-module', error.message);
      throw error;
    }
  }
  return modules;
}
