/**
 * Whether a file is LMDB's, asked before LMDB maps it: the library does not survive one that isn't. Layout: struct
 * MDB_meta in lmdb 3's liblmdb/mdb.c, at byte 24 of the first two pages.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { corrupt } from './errors.ts';

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const META = 24;
const PAGE_SIZE = META + 24;

/** @throws StoreError `store-corrupt`. A file that is absent or empty is a new one. */
export function checkLmdbFile(path: string): void {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    if (size === 0) return;
    const pageSize = checkMeta(path, file, 0);
    if (size < 2 * pageSize) throw corrupt(path, `at least two pages of ${pageSize} bytes`, `${size} bytes`);
    checkMeta(path, file, pageSize);
  } finally {
    closeSync(file);
  }
}

/** The page size that it names. */
function checkMeta(path: string, file: number, at: number): number {
  const meta = Buffer.alloc(PAGE_SIZE + 4);
  readSync(file, meta, 0, meta.length, at);
  const [magic, version, pageSize] = [META, META + 4, PAGE_SIZE].map((offset) => meta.readUInt32LE(offset)) as [
    number,
    number,
    number,
  ];
  const where = (offset: number): string => `${path} at byte ${at + offset}`;
  if (magic !== MAGIC) throw corrupt(where(META), `LMDB's magic 0x${MAGIC.toString(16)}`, `0x${magic.toString(16)}`);
  if (version !== DATA_VERSION) throw corrupt(where(META + 4), `LMDB's data version ${DATA_VERSION}`, String(version));
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) {
    throw corrupt(where(PAGE_SIZE), 'a page size, a power of two from 512 to 65536', String(pageSize));
  }
  return pageSize;
}
