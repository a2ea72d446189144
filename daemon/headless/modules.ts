/** Module files of a source: by path, and by sha256 for sessions, which name modules by their bytes. */
import { createHash } from 'node:crypto';
import { decompressModule } from '../modules/decompress.ts';
import { ModuleFileError } from '../modules/error.ts';
import { isModuleFile, moduleNameOf } from '../modules/name.ts';
import { type ModuleSource, openModuleSource } from '../modules/source.ts';
import { fileWords } from './file-words.ts';
import { RunError } from './run-error.ts';

export interface ModuleBytes {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

export interface Modules {
  /** A path below the folder, or the end of one in a package. Rejects with RunError. */
  readonly read: (module: string) => Promise<ModuleBytes>;
  /** The file of that sha256, looked for first where `file` says. Rejects with RunError where no file has it. */
  readonly find: (sha256: string, file: string | undefined) => Promise<ModuleBytes>;
  /** What was read so far, by sha256. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

const OPENING_BRACE = 0x7b;
const MANIFEST = /\.json$/;

/** Reads module files and manifests of a folder, a file, or a `linux-image-*.deb`, each once. */
export function moduleReader(source: string): Modules {
  const known = new Map<string, ModuleBytes>();
  const blobs = new Map<string, Uint8Array>();
  let opened: Promise<ModuleSource> | undefined;

  const files = (): Promise<ModuleSource> => {
    opened ??= openModuleSource(source, (path) => isModuleFile(path) || MANIFEST.test(path));
    return opened.catch((error: unknown) => {
      throw error instanceof ModuleFileError ? error : new RunError(`modules ${source}: ${fileWords(error)}`);
    });
  };

  const open = async (module: string): Promise<ModuleBytes> => {
    const found = known.get(module);
    if (found) return found;
    const from = await files();
    const packed = await from.read(module).catch((error: unknown) => {
      if (error instanceof ModuleFileError) throw error;
      throw new RunError(`module ${from.shown(module)}: ${fileWords(error)}`);
    });
    const bytes = packed[0] === OPENING_BRACE ? packed : await decompressModule(packed, { name: from.shown(module) });
    const read = { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
    known.set(module, read);
    blobs.set(read.sha256, bytes);
    return read;
  };

  return {
    blobs,
    read: (module) =>
      open(module).catch((error: unknown) => {
        throw error instanceof ModuleFileError ? new RunError(`module ${error.message}`) : error;
      }),
    async find(sha256, file) {
      const bytes = blobs.get(sha256);
      if (bytes) return { bytes, sha256 };
      const all = await list();
      const stem = file === undefined ? undefined : stemOf(file);
      const named = all.filter((name) => stemOf(name) === stem);
      for (const name of [...named, ...all.filter((other) => !named.includes(other))]) {
        // A file that is no module can lie there, too.
        const read = await open(name).catch(() => undefined);
        if (read?.sha256 === sha256) return read;
      }
      throw new RunError(`module ${file ?? 'without a name'}: no file in ${source} has sha256 ${sha256}`);
    },
  };

  async function list(): Promise<readonly string[]> {
    try {
      return await (await files()).paths();
    } catch (error) {
      throw error instanceof RunError ? error : new RunError(`modules ${source}: ${fileWords(error)}`);
    }
  }
}

/** `kernel/fs/xfs.ko.xz` -> `xfs` */
const stemOf = (file: string): string => moduleNameOf(file).replace(MANIFEST, '');
