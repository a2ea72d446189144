/** What depmod(8) and the kernel's build write beside modules: who needs whom, in which order, under which other names. */

import { moduleNameOf, sameName } from '../../../daemon/modules/name.ts';
import { CliFailure, EXIT } from '../failure.ts';

export const INDEX_FILES = [
  'modules.dep',
  'modules.softdep',
  'modules.alias',
  'modules.order',
  'modules.builtin',
] as const;
type IndexFile = (typeof INDEX_FILES)[number];

/** Names of modules, or aliases of modules. */
export interface Soft {
  readonly pre: readonly string[];
  readonly post: readonly string[];
}

/** `pre: A B post: C`, as modprobe.d(5) and `.modinfo` have it. */
export function readSoft(lines: readonly string[]): Soft {
  const soft = { pre: [] as string[], post: [] as string[] };
  for (const line of lines) {
    let into: string[] | undefined;
    for (const word of line.split(/\s+/).filter((each) => each !== '')) {
      if (word === 'pre:') into = soft.pre;
      else if (word === 'post:') into = soft.post;
      else into?.push(sameName(word));
    }
  }
  return soft;
}

export class Index {
  readonly #source: string;
  /** By path below the folder. */
  #needs: Map<string, readonly string[]> | undefined;
  #soft: Map<string, Soft> | undefined;
  #aliases: Map<string, string[]> | undefined;
  #ranks: Map<string, number> | undefined;
  readonly #builtin = new Set<string>();

  constructor(source: string) {
    this.#source = source;
  }

  /** Takes in the text of one of the files; `file` is what people call it. */
  read(name: IndexFile, text: string, file: string): void {
    const lines = text
      .split('\n')
      .map((line, i) => ({ line: line.trim(), number: i + 1 }))
      .filter(({ line }) => line !== '' && !line.startsWith('#'));
    switch (name) {
      case 'modules.dep':
        this.#needs = new Map(lines.map(({ line, number }) => readNeeds(line, `${file}:${number}`)));
        return;
      case 'modules.softdep':
        this.#soft = new Map();
        for (const { line } of lines) {
          const [, module = '', rest = ''] = /^softdep\s+(\S+)\s+(.*)$/.exec(line) ?? [];
          const before = this.#soft.get(sameName(module));
          const { pre, post } = readSoft([rest]);
          this.#soft.set(sameName(module), {
            pre: [...(before?.pre ?? []), ...pre],
            post: [...(before?.post ?? []), ...post],
          });
        }
        return;
      case 'modules.alias':
        this.#aliases = new Map();
        for (const { line } of lines) {
          const [, alias, module = ''] = /^alias\s+(\S+)\s+(\S+)$/.exec(line) ?? [];
          if (alias === undefined) continue;
          const known = this.#aliases.get(sameName(alias));
          if (known) known.push(sameName(module));
          else this.#aliases.set(sameName(alias), [sameName(module)]);
        }
        return;
      case 'modules.order':
        this.#ranks = new Map(lines.map(({ line }, i) => [moduleNameOf(line), i]));
        return;
      case 'modules.builtin':
        for (const { line } of lines) this.#builtin.add(moduleNameOf(line));
    }
  }

  /** Undefined where modules.dep does not list the file. */
  needs(file: string): readonly string[] | undefined {
    if (!this.#needs) return undefined;
    const prefixes = [`${this.#source}/`, `${this.#source}:`];
    const prefix = prefixes.find((each) => file.startsWith(each));
    return prefix === undefined ? undefined : this.#needs.get(file.slice(prefix.length).replace(/^\/+/, ''));
  }

  /** Undefined where there is no modules.softdep. */
  wishes(module: string): Soft | undefined {
    return this.#soft && (this.#soft.get(module) ?? { pre: [], post: [] });
  }

  /** The modules that an alias stands for; undefined where there is no modules.alias. */
  aliased(alias: string): readonly string[] | undefined {
    return this.#aliases && (this.#aliases.get(alias) ?? []);
  }

  /** The place in modules.order; the end where it is not listed. */
  rank(module: string): number {
    return this.#ranks?.get(module) ?? Number.POSITIVE_INFINITY;
  }

  isBuiltin(module: string): boolean {
    return this.#builtin.has(module);
  }
}

/** A line `PATH: PATH PATH …`. */
function readNeeds(line: string, where: string): readonly [path: string, needs: readonly string[]] {
  const colon = line.indexOf(':');
  if (colon < 0) {
    throw new CliFailure(EXIT.usage, 'file', `${where}: expected "PATH: PATH…" as depmod writes it`);
  }
  const paths = line
    .slice(colon + 1)
    .split(/\s+/)
    .filter((path) => path !== '');
  return [line.slice(0, colon), paths.map(moduleNameOf)];
}
