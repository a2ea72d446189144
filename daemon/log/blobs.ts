/** Bytes by their sha256: the modules that loads name. Rules BLB-n in docs/spec/log.md; three stores, one suite. */
import { createHash } from 'node:crypto';
import { Sha256Schema } from '../../protocol/schema.ts';
import { validator } from '../../protocol/validate.ts';
import { tooLarge } from './arguments.ts';
import { corrupt, StoreError } from './errors.ts';

export interface BlobStore {
  /** The largest blob in bytes. */
  readonly maxBytes: number;
  /** Stores the bytes and gives their sha256. Storing them again does nothing. They must not change meanwhile. */
  put(bytes: Uint8Array): Promise<string>;
  /** The bytes, whose sha256 was checked again; undefined if there are none. */
  get(sha256: string): Promise<Uint8Array | undefined>;
  has(sha256: string): Promise<boolean>;
}

/** The largest module with all its debug info is about 100 MB. */
export const MAX_BLOB_BYTES = 256 << 20;

/** What a store of blobs has to do itself. `where` names a blob for an error message. */
export type RawBlobs = {
  where(sha256: string): string;
  put(sha256: string, bytes: Uint8Array): Promise<void>;
  get(sha256: string): Promise<Uint8Array | undefined>;
  has(sha256: string): Promise<boolean>;
};

const isSha256 = validator(Sha256Schema, 'a sha256');

export function blobStore(raw: RawBlobs, maxBytes = MAX_BLOB_BYTES): BlobStore {
  const whole = async (sha256: string): Promise<Uint8Array | undefined> => {
    const bytes = await raw.get(sha256);
    if (bytes === undefined) return undefined;
    const found = sha256Of(bytes);
    if (found !== sha256)
      throw corrupt(raw.where(sha256), `bytes of sha256 ${sha256}`, `${bytes.length} bytes of ${found}`);
    return bytes;
  };
  const check = (sha256: string): void => {
    const valid = isSha256(sha256);
    if (!valid.ok) throw new StoreError('invalid-argument', valid.message);
  };
  return {
    maxBytes,
    async put(bytes) {
      if (bytes.length > maxBytes) throw tooLarge('a blob', bytes.length, maxBytes);
      const sha256 = sha256Of(bytes);
      await raw.put(sha256, bytes);
      return sha256;
    },
    async get(sha256) {
      check(sha256);
      return whole(sha256);
    },
    async has(sha256) {
      check(sha256);
      return raw.has(sha256);
    },
  };
}

export function openMemoryBlobs(maxBytes?: number): BlobStore {
  const blobs = new Map<string, Uint8Array>();
  return blobStore(
    {
      where: (sha256) => `the blob ${sha256}`,
      async put(sha256, bytes) {
        blobs.set(sha256, Uint8Array.from(bytes));
      },
      async get(sha256) {
        const bytes = blobs.get(sha256);
        return bytes === undefined ? undefined : Uint8Array.from(bytes);
      },
      async has(sha256) {
        return blobs.has(sha256);
      },
    },
    maxBytes,
  );
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
