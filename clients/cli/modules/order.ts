/** The order in which modules load: what a module needs comes before it. */
import { CliFailure, EXIT } from '../failure.ts';
import type { ModuleFolder } from './folder.ts';
import { moduleNameOf } from './name.ts';

/**
 * `files` with everything that they need from `folder`, each once, dependencies first. Dependencies named in `present`
 * are loaded already and left out; a file that was asked for is never left out.
 */
export async function loadOrder(
  files: readonly string[],
  folder: ModuleFolder,
  present: ReadonlySet<string>,
  whole = false,
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
    open.delete(name);
    done.add(name);
    order.push(file);
  };
  for (const [name, file] of asked) await visit(name, file);
  return order;
}
