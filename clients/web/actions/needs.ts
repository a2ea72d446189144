/** What a module file says that it needs, where a browser can read it: plain and gzip. The kernel has the last word on the others. */
import { modinfoValues } from '../../../protocol/modinfo.ts';

/** kmod takes `-` and `_` for one. */
export const sameName = (name: string): string => name.replaceAll('-', '_');

export async function needsOf(bytes: Uint8Array, file: string): Promise<readonly string[]> {
  try {
    const plain = /\.gz$/i.test(file) ? await gunzip(bytes) : bytes;
    const [depends = ''] = modinfoValues(plain, 'depends');
    return depends.split(',').filter(Boolean).map(sameName);
  } catch {
    // No ELF file, or not one that is whole: loading it says what it is.
    return [];
  }
}

async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  return new Uint8Array(await new Response(packed.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());
}

/** Each after those of the others that it needs; else in the order given, also where some need one another. */
export function inOrder<T extends { readonly name: string; readonly needs: readonly string[] }>(
  modules: readonly T[],
): readonly T[] {
  const byName = new Map(modules.map((module) => [sameName(module.name), module]));
  const ordered = new Set<T>();
  const open = new Set<T>();
  const visit = (module: T): void => {
    if (ordered.has(module) || open.has(module)) return;
    open.add(module);
    for (const need of module.needs) {
      const other = byName.get(need);
      if (other !== undefined) visit(other);
    }
    ordered.add(module);
  };
  for (const module of modules) visit(module);
  return [...ordered];
}
