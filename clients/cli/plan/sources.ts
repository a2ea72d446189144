/** The modules of a plan: from folders, packages, files, names and lists to bytes in the order of loading. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { PlanModule } from '../../../daemon/headless/plan/input.ts';
import { ModuleFileError } from '../../../daemon/modules/error.ts';
import { moduleNameOf } from '../../../daemon/modules/name.ts';
import { CliFailure, EXIT, fileFailure, usage } from '../failure.ts';
import { type Chosen, chooseModules } from '../modules/choose.ts';

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
  const passed: string[] = [];
  const { order, read } = await chooseModules(wanted, { deps: options.deps, soft: (words) => passed.push(words) });
  for (const words of passed.slice(0, NOTES)) note(words);
  if (passed.length > NOTES) note(`${passed.length - NOTES} more softdeps are passed over`);
  return unpack(order, read, progress);
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
  read: Chosen['read'],
  progress: Telling['progress'],
): Promise<readonly PlanModule[]> {
  const { decompressModule } = await import('../../../daemon/modules/decompress.ts');
  const modules: PlanModule[] = [];
  for (const [index, file] of files.entries()) {
    progress(index, files.length, moduleNameOf(file));
    try {
      const bytes = await decompressModule(await read(file), { name: file });
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      modules.push({ file: basename(file), sha256, bytes });
    } catch (error) {
      if (error instanceof ModuleFileError) throw new CliFailure(EXIT.usage, 'bad-module', error.message);
      throw error;
    }
  }
  return modules;
}
