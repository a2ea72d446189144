/** Module files of a folder: by path, and by sha256 for sessions, which name modules by their bytes. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { decompressModule } from '../modules/decompress.ts';
import { ModuleFileError } from '../modules/error.ts';
import { fileWords } from './file-words.ts';
import { RunError } from './run-error.ts';

export interface ModuleBytes {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

export interface Modules {
  /** A path below the folder. Rejects with RunError. */
  readonly read: (module: string) => Promise<ModuleBytes>;
  /** The file of that sha256, looked for first where `file` says. Rejects with RunError where no file has it. */
  readonly find: (sha256: string, file: string | undefined) => Promise<ModuleBytes>;
  /** What was read so far, by sha256. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

const OPENING_BRACE = 0x7b;
const MODULE_FILE = /\.(ko|ko\.gz|ko\.xz|ko\.zst|json)$/;

/** Reads module files and manifests below `folder`, each once. */
export function moduleReader(folder: string): Modules {
  const known = new Map<string, ModuleBytes>();
  const blobs = new Map<string, Uint8Array>();
  let listed: Promise<readonly string[]> | undefined;

  const open = async (module: string): Promise<ModuleBytes> => {
    const found = known.get(module);
    if (found) return found;
    const path = join(folder, module);
    const packed = await readFile(path);
    const bytes = packed[0] === OPENING_BRACE ? packed : await decompressModule(packed, { name: path });
    const read = { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
    known.set(module, read);
    blobs.set(read.sha256, bytes);
    return read;
  };

  const list = (): Promise<readonly string[]> => {
    listed ??= readdir(folder, { recursive: true }).then((all) => all.filter((name) => MODULE_FILE.test(name)).sort());
    return listed.catch((error: unknown) => {
      throw new RunError(`modules ${folder}: ${fileWords(error)}`);
    });
  };

  return {
    blobs,
    read: (module) =>
      open(module).catch((error: unknown) => {
        if (error instanceof ModuleFileError) throw new RunError(`module ${error.message}`);
        throw new RunError(`module ${join(folder, module)}: ${fileWords(error)}`);
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
      throw new RunError(`module ${file ?? 'without a name'}: no file in ${folder} has sha256 ${sha256}`);
    },
  };
}

/** `kernel/fs/xfs.ko.xz` -> `xfs` */
const stemOf = (file: string): string => basename(file).replace(MODULE_FILE, '').replaceAll('-', '_');
