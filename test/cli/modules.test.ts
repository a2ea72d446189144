import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModuleFolder } from '../../clients/cli/modules/folder.ts';
import { dependsOf } from '../../clients/cli/modules/modinfo.ts';
import { loadOrder } from '../../clients/cli/modules/order.ts';
import { moduleNameOf } from '../../daemon/modules/name.ts';
import { modinfoValues } from '../../protocol/modinfo.ts';
import { fixture, fixturePath } from '../fixtures/fixtures.ts';

describe('a folder of modules', { timeout: 60_000 }, () => {
  let folder: string;
  let sub: string;
  const none = new Set<string>();
  const order = async (names: readonly string[], present: ReadonlySet<string> = none): Promise<string[]> => {
    const opened = await openModuleFolder(folder);
    const files = names.map((name) => opened.files.get(name) ?? name);
    return (await loadOrder(files, opened, present)).map((file) => basename(file));
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-modules-'));
    sub = join(folder, 'kernel', 'lib');
    await mkdir(sub, { recursive: true });
    for (const file of ['chain-a.ko', 'chain-c.ko', 'hello.ko.xz']) await cp(fixturePath(file), join(sub, file));
    await cp(fixturePath('chain-b.ko'), join(folder, 'chain-b.ko'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('CLI-15: a name is that of the file up to .ko, - and _ being one', () => {
    expect(moduleNameOf('/lib/nls-iso8859-1.ko.xz')).toBe('nls_iso8859_1');
    expect(moduleNameOf('crc32c_generic.ko')).toBe('crc32c_generic');
  });

  it.each(['hello.ko', 'hello.ko.gz', 'hello.ko.xz', 'hello.ko.zst'])(
    'CLI-15: the depends of %s are read',
    async (file) => {
      expect(await dependsOf(fixturePath(file))).toEqual([]);
    },
  );

  it('CLI-15: the values of .modinfo are read by key', () => {
    expect(modinfoValues(fixture('chain-c.ko'), 'depends')).toEqual(['chain_b,chain_a']);
    expect(modinfoValues(fixture('chain-c.ko'), 'name')).toEqual(['chain_c']);
    expect(modinfoValues(fixture('chain-c.ko'), 'nonesuch')).toEqual([]);
  });

  it('CLI-15: what a module needs comes before it, each once', async () => {
    expect(await order(['chain_c'])).toEqual(['chain-a.ko', 'chain-b.ko', 'chain-c.ko']);
    expect(await order(['chain_c', 'chain_a', 'hello'])).toEqual([
      'chain-a.ko',
      'chain-b.ko',
      'chain-c.ko',
      'hello.ko.xz',
    ]);
  });

  it('CLI-15: what is loaded is left out, unless it was asked for', async () => {
    expect(await order(['chain_c'], new Set(['chain_a']))).toEqual(['chain-b.ko', 'chain-c.ko']);
    expect(await order(['chain_a'], new Set(['chain_a']))).toEqual(['chain-a.ko']);
  });

  it('CLI-15: modules.dep counts before the files, and circles and gaps are refused', async () => {
    const dep = join(folder, 'modules.dep');
    const listed = (lines: string) => writeFile(dep, lines);
    await listed('kernel/lib/chain-c.ko: kernel/lib/hello.ko.xz\nkernel/lib/hello.ko.xz:\n');
    expect(await order(['chain_c'])).toEqual(['hello.ko.xz', 'chain-c.ko']);
    await listed('chain-b.ko: kernel/lib/chain-c.ko\nkernel/lib/chain-c.ko: chain-b.ko\n');
    await expect(order(['chain_c'])).rejects.toThrow(/need one another: chain_c -> chain_b -> chain_c/);
    await listed('chain-b.ko: gone.ko\n');
    await expect(order(['chain_b'])).rejects.toThrow(/chain-b\.ko needs module gone, which is not in/);
    const opened = await openModuleFolder(folder);
    const [chainB = ''] = [...opened.files.values()].filter((file) => file.endsWith('chain-b.ko'));
    expect(await loadOrder([chainB], opened, none, { whole: true })).toEqual([chainB]);
    await listed('no colon here\n');
    await expect(order(['chain_b'])).rejects.toThrow(/modules\.dep:1: expected "PATH: PATH/);
    await rm(dep);
  });

  it('CLI-15: files that are no modules are refused by name', async () => {
    const bad = join(folder, 'bad.ko');
    const refused: readonly (readonly [string | Uint8Array, RegExp])[] = [
      ['', /bad\.ko: is empty/],
      ['not an ELF', /bad\.ko: starts with 6e 6f/],
      [fixture('hello.ko').slice(0, 200), /bad\.ko: cannot read what it depends on: the header of section/],
      [fixture('hello.ko.xz').slice(0, 200), /bad\.ko: xz: the data ends too early/],
      [fixture('hello.ko.zst').slice(0, 200), /bad\.ko: zstd: ends at byte 200/],
    ];
    for (const [content, words] of refused) {
      await writeFile(bad, content);
      await expect(dependsOf(bad)).rejects.toThrow(words);
    }
    await rm(bad);
    await expect(openModuleFolder(join(folder, 'none'))).rejects.toThrow(/none: no such file or folder/);
  });
});
