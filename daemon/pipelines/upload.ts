/** A module file on its way into the blob store: decompressed, so that its sha256 is that of the module itself. */
import type { StoredBlob } from '../../protocol/frames.ts';
import { readElf } from '../kernel/elf/read.ts';
import { readManifest } from '../kernel/loader/manifest.ts';
import { UPLOAD_BYTES } from '../limits.ts';
import type { BlobStore } from '../log/blobs.ts';
import { decompressModule } from '../modules/decompress.ts';
import { ModuleFileError } from '../modules/error.ts';
import { done, type Outcome, refuse } from './outcome.ts';

const OPENING_BRACE = 0x7b;
const ELF_MACHINE = 18;
const ELF_HEADER_BYTES = 64;

/** Stores `.ko`, `.ko.gz`, `.ko.xz`, `.ko.zst` or a manifest. `fileName` is for error messages. */
export async function upload(blobs: BlobStore, bytes: Uint8Array, fileName: string): Promise<Outcome<StoredBlob>> {
  try {
    const isManifest = bytes[0] === OPENING_BRACE;
    const module = isManifest ? bytes : await decompressModule(bytes, { name: fileName, limit: UPLOAD_BYTES });
    const name = isManifest ? manifestName(bytes, fileName) : elfName(module);
    return done({ sha256: await blobs.put(module), size: module.length, name });
  } catch (error) {
    if (!(error instanceof ModuleFileError)) throw error;
    return refuse(error.code === 'too-large' ? 'too-large' : 'bad-module', error.message);
  }
}

function manifestName(bytes: Uint8Array, fileName: string): string {
  const manifest = readManifest(new TextDecoder().decode(bytes));
  if (!manifest.ok) throw new ModuleFileError('not-a-module', fileName, manifest.message);
  return manifest.value.name;
}

/** Null for a file that is not a whole module: loading it tells why. */
function elfName(bytes: Uint8Array): string | null {
  if (bytes.length < ELF_HEADER_BYTES) return null;
  const machine = new DataView(bytes.buffer, bytes.byteOffset).getUint16(ELF_MACHINE, true);
  const read = readElf(bytes, machine);
  return read.ok ? read.elf.name : null;
}
