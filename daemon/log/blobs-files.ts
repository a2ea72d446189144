/**
 * Blobs as files of the data folder: `blobs/aa/<sha256>`. A file comes into being whole: it is written under another
 * name, synced, then renamed. What a crash leaves under the other name is deleted when the folder is opened.
 */
import { readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlobStore, blobStore, sha256Of } from './blobs.ts';
import { corrupt, messageOf, StoreError } from './errors.ts';
import { makeFolder } from './folder.ts';

export function openFileBlobs(dataDir: string, maxBytes?: number): BlobStore {
  const root = join(dataDir, 'blobs');
  const unfinished = join(root, 'tmp');
  rmSync(unfinished, { recursive: true, force: true });
  makeFolder(unfinished);
  const known = new Set(readdirSync(root));
  const folderOf = (sha256: string): string => join(root, sha256.slice(0, 2));
  const pathOf = (sha256: string): string => join(folderOf(sha256), sha256);
  let files = 0;

  const makeFolderOf = async (sha256: string): Promise<void> => {
    if (known.has(sha256.slice(0, 2))) return;
    makeFolder(folderOf(sha256));
    await syncFolder(root);
    known.add(sha256.slice(0, 2));
  };

  return blobStore(
    {
      where: pathOf,
      async put(sha256, bytes) {
        const path = pathOf(sha256);
        const temporary = join(unfinished, String(++files));
        try {
          if (await holds(path, sha256, bytes.length)) return;
          await makeFolderOf(sha256);
          await writeDurably(temporary, bytes);
          await rename(temporary, path);
          await syncFolder(folderOf(sha256));
        } catch (error) {
          await rm(temporary, { force: true });
          throw new StoreError('store-unavailable', `${path} can't be written: ${messageOf(error)}`, error);
        }
      },
      async get(sha256) {
        const path = pathOf(sha256);
        try {
          return await readFile(path);
        } catch (error) {
          if (codeOf(error) === 'ENOENT') return undefined;
          if (codeOf(error) === 'EISDIR') throw corrupt(path, 'a file', 'a folder');
          throw new StoreError('store-unavailable', `${path} can't be read: ${messageOf(error)}`, error);
        }
      },
      async has(sha256) {
        return (await sizeOf(pathOf(sha256))) !== undefined;
      },
    },
    maxBytes,
  );
}

/** Whether the file is there and whole: a damaged one is written again. */
async function holds(path: string, sha256: string, bytes: number): Promise<boolean> {
  return (await sizeOf(path)) === bytes && sha256Of(await readFile(path)) === sha256;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await closing(await open(path, 'wx', 0o600), async (file) => {
    await file.writeFile(bytes);
    await file.sync();
  });
}

/** A name is durable when its folder is. */
async function syncFolder(path: string): Promise<void> {
  await closing(await open(path, 'r'), (folder) => folder.sync());
}

async function closing(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
