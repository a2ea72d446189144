import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debFiles } from '../../daemon/modules/deb.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { ar } from '../support/deb.ts';

const folder = mkdtempSync(join(tmpdir(), 'veneerd-deb-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hello = fixture('hello.ko');
const wanted = (path: string) => path.endsWith('.ko');
let tar: Buffer;

beforeAll(async () => {
  const archive = pack();
  archive.entry({ name: './lib/modules/', type: 'directory' });
  archive.entry({ name: './lib/modules/readme' }, 'not a module');
  archive.entry({ name: './lib/modules/hello.ko' }, Buffer.from(hello));
  archive.entry({ name: './lib/modules/link.ko', type: 'symlink', linkname: '/etc/passwd' });
  archive.entry({ name: './lib/modules/empty.ko' }, '');
  archive.finalize();
  tar = await buffer(archive);
});

const deb = (name: string, data: Uint8Array): Buffer =>
  ar({ 'debian-binary': Buffer.from('2.0\n'), 'control.tar': Buffer.from('odd'), [name]: data });

function write(name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** By the tool; undefined, and said, where it is not there. */
function packed(tool: string): Buffer | undefined {
  const { status, stdout } = spawnSync(tool, ['-c'], { input: tar, maxBuffer: 2 ** 30 });
  if (status === 0) return stdout;
  process.stderr.write(`SKIPPED: data.tar by ${tool}: there is no ${tool} on this machine\n`);
  return undefined;
}

describe('a Debian package', () => {
  it('VERIFY-10: gives the files that are wanted, whatever its data is packed with', async () => {
    const forms = {
      'data.tar': tar,
      'data.tar.gz': gzipSync(tar),
      'data.tar.xz': packed('xz'),
      'data.tar.zst': packed('zstd'),
    };
    for (const [name, data] of Object.entries(forms)) {
      if (data === undefined) continue;
      const files = await debFiles(write(`${name}.deb`, deb(name, data)), wanted);
      expect(
        files.map(({ path }) => path),
        name,
      ).toEqual(['lib/modules/hello.ko', 'lib/modules/empty.ko']);
      expect(Buffer.compare(files[0]?.bytes ?? new Uint8Array(), hello)).toBe(0);
    }
  });

  it('VERIFY-10: is refused by name where it is none, is cut off or damaged', async () => {
    const good = deb('data.tar.gz', gzipSync(tar));
    const fails = (name: string, bytes: Uint8Array, words: RegExp) =>
      expect(debFiles(write(name, bytes), wanted)).rejects.toThrow(
        new RegExp(`${join(folder, name)}: .*${words.source}`),
      );
    await fails('elf.deb', hello, /expected a Debian package/);
    await fails('empty.deb', new Uint8Array(), /expected a Debian package/);
    await fails('cut.deb', good.subarray(0, good.length - 100), /goes on to byte/);
    await fails('header.deb', Buffer.concat([good.subarray(0, 8), Buffer.alloc(60, 0x20)]), /expected a header of ar/);
    await fails('none.deb', good.subarray(0, 72), /expected a member data\.tar/);
    const half = gzipSync(tar);
    await fails('half.deb', deb('data.tar.gz', half.subarray(0, half.length >> 1)), /data\.tar\.gz: /);
    await fails('bz2.deb', deb('data.tar.bz2', half), /expected data\.tar, \.gz, \.xz or \.zst/);
    await fails('half-tar.deb', deb('data.tar', tar.subarray(0, 3000)), /data\.tar: /);
    await expect(debFiles(join(folder, 'nowhere.deb'), wanted)).rejects.toThrow(/nowhere\.deb: /);
  });

  it('VERIFY-10: with random damage is read or refused, and never hangs', async () => {
    const good = deb('data.tar.gz', gzipSync(tar));
    for (let i = 0; i < 60; i++) {
      const bytes = Buffer.from(good);
      const at = 8 + ((i * 7919) % (bytes.length - 8));
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (i % 8));
      const read = await debFiles(write('damaged.deb', bytes), wanted).catch((error: unknown) => String(error));
      if (typeof read === 'string') expect(read).toContain('damaged.deb');
    }
  });
});
