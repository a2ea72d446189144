/**
 * `.ko.xz`, by XZ Embedded in WebAssembly. It checks CRC-32 and CRC-64, refuses dictionaries above 64 MiB, and knows
 * neither SHA-256 checks nor BCJ filters; Linux installs its modules with `--check=crc32` and plain LZMA2
 * (scripts/Makefile.modinst, v6.1).
 */
import * as xz from 'xz-decompress';
import { type ModuleFileCode, ModuleFileError } from './error.ts';
import { createOutput } from './output.ts';

/** A CommonJS package whose exports Node cannot see by name; bundlers can. */
const { XzReadableStream } = 'default' in xz ? (xz.default as typeof xz) : xz;

const CHUNK = 1 << 16;

/** enum xz_ret of XZ Embedded, include/linux/xz.h. */
const RESULTS: ReadonlyMap<string, readonly [ModuleFileCode, string]> = new Map([
  ['3', ['too-large', 'no memory for its dictionary']],
  ['4', ['too-large', 'its dictionary is larger than 64 MiB']],
  ['5', ['corrupt', 'the stream header is not one of xz']],
  ['6', ['unsupported', 'its check is not CRC-32 or CRC-64, or it uses a filter other than LZMA2']],
  ['7', ['corrupt', 'the data or its check value is damaged']],
  ['8', ['truncated', 'the data ends too early, or is followed by bytes that are not xz']],
]);

export async function unxzModule(bytes: Uint8Array, limit: number, file: string): Promise<Uint8Array> {
  const output = createOutput(file, limit);
  const reader = new XzReadableStream(chunks(bytes)).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return output.bytes();
      output.push(value);
    }
  } catch (error) {
    if (error instanceof ModuleFileError) {
      await reader.cancel();
      throw error;
    }
    const result = error instanceof Error ? (/error code (\d+)$/.exec(error.message)?.[1] ?? '') : '';
    const [code, words] = RESULTS.get(result) ?? ['corrupt', String(error)];
    throw new ModuleFileError(code, file, `xz: ${words}`);
  }
}

function chunks(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes.subarray(at, at + CHUNK));
      at += CHUNK;
      if (at >= bytes.length) controller.close();
    },
  });
}
