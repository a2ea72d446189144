import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompressModule } from '../../daemon/modules/decompress.ts';
import { fixture } from '../fixtures/fixtures.ts';

const plain = fixture('hello.ko');
const compressed = {
  gzip: fixture('hello.ko.gz'),
  xz: fixture('hello.ko.xz'),
  'xz with CRC-64': fixture('hello-crc64.ko.xz'),
  zstd: fixture('hello.ko.zst'),
  'zstd without content size': fixture('hello-stream.ko.zst'),
};
const name = 'some/hello.ko.anything';

/** A copy with one bit of byte `at` flipped; negative counts from the end. */
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

/** The block check of a single-block .xz file stands right before the index, whose size the footer gives. */
function xzCheckAt(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length - 12 - (view.getUint32(bytes.length - 8, true) + 1) * 4 - 1;
}

const refusal = (code: string) => expect.objectContaining({ code, message: expect.stringContaining(name) });

describe('module files', () => {
  it('ELF-21: what is not compressed is passed on as it is, without a copy', async () => {
    expect(await decompressModule(plain, { name })).toBe(plain);
  });

  it.each(Object.entries(compressed))(
    'ELF-21: %s is recognised by its magic, whatever the file is called',
    async (_, bytes) => {
      expect(await decompressModule(bytes, { name })).toEqual(plain);
    },
  );

  it('ELF-21: members and frames that follow each other are one module', async () => {
    const [head, tail] = [plain.subarray(0, 1000), plain.subarray(1000)];
    const members = Buffer.concat([gzipSync(head), gzipSync(tail)]);
    expect(await decompressModule(new Uint8Array(members), { name })).toEqual(plain);
    const frames = Buffer.concat([compressed.zstd, compressed.zstd]);
    expect((await decompressModule(new Uint8Array(frames), { name })).length).toBe(2 * plain.length);
  });

  it.each([
    ['empty', new Uint8Array(0), 'is empty'],
    ['text', new TextEncoder().encode('hello, world'), '68 65 6c 6c 6f 2c'],
    ['one byte of ELF', plain.subarray(0, 1), '7f'],
  ])('ELF-22: a file that is %s is refused with its first bytes and what was expected', async (_, bytes, words) => {
    const result = decompressModule(bytes, { name });
    await expect(result).rejects.toEqual(refusal('not-a-module'));
    await expect(result).rejects.toThrow(words);
    await expect(result).rejects.toThrow('ELF, gzip, xz or zstd');
  });

  it.each(Object.entries(compressed))('ELF-23: %s that ends too early anywhere is refused', async (_, bytes) => {
    for (const length of [6, 12, 20, bytes.length >> 1, bytes.length - 9, bytes.length - 4, bytes.length - 1]) {
      const result = decompressModule(bytes.subarray(0, length), { name });
      await expect(result, `${length} bytes`).rejects.toEqual(refusal('truncated'));
    }
  });

  it.each(Object.entries(compressed))('ELF-23: %s followed by other bytes is refused', async (_, bytes) => {
    for (const rest of [new Uint8Array([1]), new TextEncoder().encode('garbage that goes on for a while')]) {
      const result = decompressModule(Buffer.concat([bytes, rest]), { name });
      await expect(result).rejects.toEqual(expect.objectContaining({ message: expect.stringContaining(name) }));
    }
  });

  it.each([
    ['gzip', compressed.gzip, compressed.gzip.length - 8],
    ['xz', compressed.xz, xzCheckAt(compressed.xz)],
    ['xz with CRC-64', compressed['xz with CRC-64'], xzCheckAt(compressed['xz with CRC-64'])],
    ['zstd', compressed.zstd, compressed.zstd.length - 1],
    ['zstd without content size', compressed['zstd without content size'], -1],
  ])('ELF-23: %s whose checksum differs by one bit is refused', async (_, bytes, at) => {
    await expect(decompressModule(flipped(bytes, at), { name })).rejects.toEqual(refusal('corrupt'));
  });

  it.each(Object.entries(compressed))(
    'ELF-23: %s with any one damaged byte is refused or comes out right',
    async (_, bytes) => {
      for (let at = 6; at < bytes.length; at += 3) {
        const result = await decompressModule(flipped(bytes, at), { name }).catch((error: unknown) => error);
        if (result instanceof Uint8Array) expect(Buffer.compare(result, plain), `byte ${at}`).toBe(0);
        else expect(result).toMatchObject({ name: 'ModuleFileError', file: name });
      }
    },
  );

  it('ELF-23: an xz file whose check cannot be verified is refused rather than trusted', async () => {
    await expect(decompressModule(fixture('hello-sha256.ko.xz'), { name })).rejects.toEqual(refusal('unsupported'));
  });

  it.each(Object.entries(compressed))(
    'ELF-24: %s that unpacks to one byte more than the limit is refused',
    async (_, bytes) => {
      expect(await decompressModule(bytes, { name, limit: plain.length })).toEqual(plain);
      await expect(decompressModule(bytes, { name, limit: plain.length - 1 })).rejects.toEqual(refusal('too-large'));
    },
  );

  it('ELF-24: the limit holds for what is not compressed too', async () => {
    await expect(decompressModule(plain, { name, limit: 100 })).rejects.toEqual(refusal('too-large'));
  });

  it('ELF-24: a bomb is refused when the limit is reached, not when it has gone off', async () => {
    const bomb = gzipSync(new Uint8Array(64 * 1024 * 1024), { level: 9 });
    const before = process.memoryUsage().arrayBuffers;
    await expect(decompressModule(bomb, { name, limit: 1 << 20 })).rejects.toEqual(refusal('too-large'));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
  });

  it('ELF-24: a zstd file that says it needs more than 128 MiB at once is refused by its header', async () => {
    // Window descriptor 0x98: 2^(10 + 19) = 512 MiB. One empty raw block, the last.
    const bytes = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x98, 0x01, 0x00, 0x00]);
    const result = decompressModule(bytes, { name });
    await expect(result).rejects.toEqual(refusal('too-large'));
    await expect(result).rejects.toThrow('window of 536870912 bytes');
  });

  it('ELF-24: a zstd file that says how large it becomes is refused before anything is unpacked', async () => {
    const bytes = compressed.zstd.slice();
    const result = decompressModule(bytes, { name, limit: 10 });
    await expect(result).rejects.toEqual(refusal('too-large'));
  });
});
