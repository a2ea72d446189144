/**
 * `.ko.zst`. fzstd unpacks blocks but checks no content checksum and bounds no window, so the frames are walked here:
 * their headers say what to expect, and xxhash-wasm verifies what came out. Source: RFC 8878.
 */
import { setImmediate } from 'node:timers/promises';
import { Decompress } from 'fzstd';
import xxhash from 'xxhash-wasm';
import { ModuleFileError } from './error.ts';
import { createOutput, tooLarge } from './output.ts';

/** As `zstd -d` without `--long`: 128 MiB. */
const MAX_WINDOW = 2 ** 27;
const SKIPPABLE = 0x184d_2a50;
const MAGIC = 0xfd2f_b528;
/** Compressed bytes between two turns of the event loop. */
const SLICE = 1 << 18;

interface Frame {
  readonly start: number;
  readonly end: number;
  readonly contentSize: number | undefined;
  /** Low half of XXH64 of the content. */
  readonly checksum: number | undefined;
}

export async function unzstdModule(bytes: Uint8Array, limit: number, file: string): Promise<Uint8Array> {
  const output = createOutput(file, limit);
  const { create64 } = await xxhash();
  for (let at = 0; at < bytes.length; ) {
    const frame = readFrame(bytes, at, file);
    at = frame.end;
    if (frame.start === frame.end) continue;
    if ((frame.contentSize ?? 0) > limit) throw tooLarge(file, limit);
    const hash = create64();
    let size = 0;
    const stream = new Decompress((chunk) => {
      output.push(chunk);
      hash.update(chunk);
      size += chunk.length;
    });
    for (let from = frame.start; from < frame.end; from += SLICE) {
      const to = Math.min(from + SLICE, frame.end);
      try {
        stream.push(bytes.subarray(from, to), to === frame.end);
      } catch (error) {
        if (error instanceof ModuleFileError) throw error;
        throw corrupt(file, error instanceof Error ? error.message : String(error));
      }
      if (to < frame.end) await setImmediate();
    }
    if (frame.contentSize !== undefined && size !== frame.contentSize) {
      throw corrupt(file, `${size} bytes came out, its header says ${frame.contentSize}`);
    }
    if (frame.checksum !== undefined && Number(hash.digest() & 0xffff_ffffn) !== frame.checksum) {
      throw corrupt(file, 'the content does not match its checksum');
    }
  }
  return output.bytes();
}

const corrupt = (file: string, words: string): ModuleFileError =>
  new ModuleFileError('corrupt', file, `zstd: ${words}`);

/** Finds the end of the frame at `start` by its block headers. A skippable frame is returned as an empty one. */
function readFrame(bytes: Uint8Array, start: number, file: string): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (end: number): void => {
    if (end > bytes.length) {
      throw new ModuleFileError('truncated', file, `zstd: ends at byte ${bytes.length}, the frame goes on to ${end}`);
    }
  };
  need(start + 8);
  const magic = view.getUint32(start, true);
  if ((magic & ~0xf) >>> 0 === SKIPPABLE) {
    const end = start + 8 + view.getUint32(start + 4, true);
    need(end);
    return { start: end, end, contentSize: undefined, checksum: undefined };
  }
  if (magic !== MAGIC) {
    throw new ModuleFileError('trailing-bytes', file, `zstd: bytes at ${start} are not a zstd frame`);
  }
  const descriptor = view.getUint8(start + 4);
  const single = (descriptor & 0x20) !== 0;
  let at = start + 5;
  let window = 0;
  if (!single) {
    const byte = view.getUint8(at++);
    const base = 2 ** (10 + (byte >> 3));
    window = base + (base / 8) * (byte & 7);
  }
  at += [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  need(at + sizeBytes);
  const contentSize = readContentSize(view, at, sizeBytes);
  if (single) window = contentSize ?? 0;
  if (window > MAX_WINDOW) {
    throw new ModuleFileError('too-large', file, `zstd: needs a window of ${window} bytes, at most ${MAX_WINDOW}`);
  }
  at += sizeBytes;
  for (let last = false; !last; ) {
    need(at + 3);
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    last = (header & 1) !== 0;
    const type = (header >> 1) & 3;
    if (type === 3) throw corrupt(file, `the block at byte ${at} has reserved type 3`);
    at += 3 + (type === 1 ? 1 : header >> 3);
    need(at);
  }
  if ((descriptor & 4) === 0) return { start, end: at, contentSize, checksum: undefined };
  need(at + 4);
  return { start, end: at + 4, contentSize, checksum: view.getUint32(at, true) };
}

function readContentSize(view: DataView, at: number, size: number): number | undefined {
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, true) + 256;
  if (size === 4) return view.getUint32(at, true);
  return size === 8 ? view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true) : undefined;
}
