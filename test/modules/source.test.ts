import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModuleSource } from '../../daemon/modules/source.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { debOf } from '../support/deb.ts';

describe('a source of module files', () => {
  let folder: string;
  let hello: string;
  let deb: string;
  const files = {
    'lib/modules/6.1.0/kernel/lib/hello.ko.xz': fixture('hello.ko.xz'),
    'lib/modules/6.1.0/kernel/chain-a.ko': fixture('chain-a.ko'),
    'lib/modules/6.1.0/readme': Buffer.from('not a module'),
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-source-'));
    for (const [path, bytes] of Object.entries(files)) {
      await mkdir(join(folder, 'root', path, '..'), { recursive: true });
      await writeFile(join(folder, 'root', path), bytes);
    }
    await mkdir(join(folder, 'root', 'folder.ko'));
    hello = join(folder, 'hello.ko.xz');
    await writeFile(hello, fixture('hello.ko.xz'));
    deb = join(folder, 'linux-image.deb');
    await writeFile(deb, await debOf(files));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('SRC-1: a folder, a package and a file give the same files', async () => {
    const paths = ['lib/modules/6.1.0/kernel/chain-a.ko', 'lib/modules/6.1.0/kernel/lib/hello.ko.xz'];
    for (const [source, expected] of [
      [join(folder, 'root'), paths],
      [deb, paths],
      [hello, ['hello.ko.xz']],
    ] as const) {
      const opened = await openModuleSource(source);
      expect(await opened.paths()).toEqual(expected);
      const last = expected.at(-1) ?? '';
      expect(Buffer.from(await opened.read(last)).equals(fixture('hello.ko.xz'))).toBe(true);
    }
    expect((await openModuleSource(deb)).shown('a.ko')).toBe(`${deb}:a.ko`);
    expect((await openModuleSource(hello)).shown('hello.ko.xz')).toBe(hello);
  });

  it('SRC-1: of a package and of one file the end of a path will do', async () => {
    const packed = await openModuleSource(deb);
    for (const path of ['hello.ko.xz', 'lib/hello.ko.xz', 'kernel/lib/hello.ko.xz']) {
      expect(Buffer.from(await packed.read(path)).equals(fixture('hello.ko.xz'))).toBe(true);
    }
    await expect(packed.read('ello.ko.xz')).rejects.toThrow(`${deb}: holds no ello.ko.xz`);
    const one = await openModuleSource(hello);
    expect(Buffer.from(await one.read('kernel/hello.ko.xz')).equals(fixture('hello.ko.xz'))).toBe(true);
    await expect(one.read('chain-a.ko')).rejects.toThrow(`${hello}: holds no chain-a.ko`);
  });

  it('SRC-2: what is none is refused by name', async () => {
    await expect(openModuleSource(join(folder, 'nowhere'))).rejects.toThrow(/ENOENT/);
    const readme = join(folder, 'root', 'lib/modules/6.1.0/readme');
    await expect(openModuleSource(readme)).rejects.toThrow(/readme: expected a Debian package, which begins with/);
  });
});
