/**
 * The `depends` and `softdep` lines of a module file: what depmod and modprobe go by. Whether the file is a good module is
 * the daemon's to say.
 */
import { readFile } from 'node:fs/promises';
import { ModuleFileError } from '../../../daemon/modules/error.ts';
import { sameName } from '../../../daemon/modules/name.ts';
import { modinfoValues } from '../../../protocol/modinfo.ts';
import { CliFailure, EXIT, fileFailure } from '../failure.ts';
import { readSoft, type Soft } from './index-files.ts';

export interface Modinfo {
  /** The names that it needs, in its order, each as sameName spells it. */
  readonly depends: readonly string[];
  readonly soft: Soft;
}

/** The names that `file` says it needs. */
export async function dependsOf(file: string): Promise<readonly string[]> {
  let packed: Buffer;
  try {
    packed = await readFile(file);
  } catch (error) {
    throw fileFailure(file, error);
  }
  return (await modinfoOf(packed, file)).depends;
}

/** What a module file, compressed or not, says of others; `file` is what errors call it. */
export async function modinfoOf(packed: Uint8Array, file: string): Promise<Modinfo> {
  try {
    const { decompressModule } = await import('../../../daemon/modules/decompress.ts');
    const bytes = await decompressModule(packed, { name: file });
    const [depends = ''] = modinfoValues(bytes, 'depends');
    return {
      depends: depends
        .split(',')
        .filter((name) => name !== '')
        .map(sameName),
      soft: readSoft(modinfoValues(bytes, 'softdep')),
    };
  } catch (error) {
    if (error instanceof ModuleFileError) throw new CliFailure(EXIT.usage, 'bad-module', error.message);
    const why = error instanceof Error ? error.message : String(error);
    throw new CliFailure(EXIT.usage, 'bad-module', `${file}: cannot read what it depends on: ${why}`);
  }
}
