/** The order in which modules load: what a module needs comes before it. */

import { moduleNameOf } from '../../../daemon/modules/name.ts';
import { CliFailure, EXIT } from '../failure.ts';
import type { ModuleFolder } from './folder.ts';

export interface OrderOptions {
  /** A dependency that is missing is left to the kernel to find out. */
  readonly whole?: boolean;
  /** Soft dependencies are loaded as well, as modprobe does; it is told of each that can't be, in words. */
  readonly soft?: (note: string) => void;
}

/**
 * `files` with everything that they need from `folder`, each once, dependencies first. Dependencies named in `present`
 * are loaded already and left out; a file that was asked for is never left out.
 */
export async function loadOrder(
  files: readonly string[],
  folder: ModuleFolder,
  present: ReadonlySet<string>,
  { whole = false, soft }: OrderOptions = {},
): Promise<readonly string[]> {
  const asked = new Map(files.map((file) => [moduleNameOf(file), file]));
  const order: string[] = [];
  const done = new Set<string>();
  const open = new Set<string>();
  const visit = async (name: string, file: string): Promise<void> => {
    if (done.has(name)) return;
    if (open.has(name)) {
      throw new CliFailure(EXIT.usage, 'bad-module', `these modules need one another: ${[...open, name].join(' -> ')}`);
    }
    open.add(name);
    for (const need of await folder.needs(file)) {
      if (need === name || (present.has(need) && !asked.has(need))) continue;
      const path = asked.get(need) ?? folder.files.get(need);
      if (path === undefined && whole) continue;
      if (path === undefined) {
        throw new CliFailure(
          EXIT.usage,
          'bad-module',
          `${file} needs module ${need}, which is not in ${folder.folder}`,
        );
      }
      await visit(need, path);
    }
    const { pre, post } = soft ? await folder.wishes(file) : { pre: [], post: [] };
    await visitSoft(name, pre);
    open.delete(name);
    done.add(name);
    order.push(file);
    await visitSoft(name, post);
  };
  /** kmod lets a soft dependency be missing or impossible, and a circle of them be. */
  const visitSoft = async (of: string, wishes: readonly string[]): Promise<void> => {
    for (const wish of wishes) {
      const names = modulesOf(wish, folder, asked);
      const passOver = (why: string) => soft?.(`softdep ${wish} of ${of} is passed over: ${why}`);
      if (typeof names === 'string') passOver(names);
      else for (const name of names) await attempt(name, passOver);
    }
  };
  const attempt = async (name: string, passOver: (why: string) => void): Promise<void> => {
    const path = asked.get(name) ?? folder.files.get(name);
    if (path === undefined || open.has(name) || present.has(name)) return;
    const before = new Set(open);
    try {
      await visit(name, path);
    } catch (error) {
      if (!(error instanceof CliFailure)) throw error;
      for (const other of open) if (!before.has(other)) open.delete(other);
      passOver(error.message);
    }
  };
  for (const [name, file] of asked) await visit(name, file);
  return order;
}

/** The modules that a name or an alias stands for, or why that is not known. */
function modulesOf(wish: string, folder: ModuleFolder, asked: ReadonlyMap<string, string>): readonly string[] | string {
  if (asked.has(wish) || folder.files.has(wish)) return [wish];
  if (folder.index.isBuiltin(wish)) return [];
  const aliased = folder.index.aliased(wish);
  if (aliased === undefined)
    return `no module has that name, and ${folder.folder} has no modules.alias to tell whose alias it is`;
  const there = aliased.filter((name) => folder.files.has(name));
  if (there.length > 0 || aliased.some((name) => folder.index.isBuiltin(name))) return there;
  return 'no module has that name or alias';
}
