import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../daemon/kernel/loader/manifest.ts';
import type { ModuleManifest } from '../../../protocol/manifest.ts';

const manifest: ModuleManifest = {
  format: 'veneerd/manifest@1',
  name: 'what_if',
  arch: 'arm64',
  sections: [
    { name: '.text', flags: ['alloc', 'exec'], size: 4096, align: 16 },
    { name: '.bss', type: 'nobits', flags: ['alloc', 'write'], size: 9_000_000, align: 8 },
  ],
  imports: ['_printk', { name: 'perhaps_there', weak: true }],
  exports: [{ name: 'what_if_do', section: '.text', offset: 16, gplOnly: true }],
  symtab: { coreSymbols: 3, coreStrings: 40, symbols: 20, strings: 200 },
  plt: { core: 2, init: 0 },
};

const read = (change: object) => readManifest(JSON.stringify({ ...manifest, ...change }));

describe('module manifests', () => {
  it('ELF-25: a manifest says what the loader needs and is read as it stands', () => {
    expect(readManifest(JSON.stringify(manifest))).toEqual({ ok: true, value: manifest });
  });

  it('ELF-25: symbol table and PLT counts may be left out', () => {
    const { symtab: _, plt: __, ...rest } = manifest;
    expect(readManifest(JSON.stringify(rest))).toEqual({ ok: true, value: rest });
  });

  it.each([
    ['is not JSON', readManifest('{'), /JSON/],
    ['is not an object', readManifest('3'), /manifest must be object/],
    ['has another format', read({ format: 'veneerd/manifest@2' }), /\/format /],
    ['has no name', read({ name: '' }), /\/name /],
    ['is for an unknown machine', read({ arch: 'riscv' }), /\/arch /],
    ['has a field that nobody knows', read({ extra: 1 }), /additional|unevaluated|extra/],
    [
      'has a negative size',
      read({ sections: [{ name: '.text', flags: [], size: -1, align: 1 }] }),
      /\/sections\/0\/size /,
    ],
    [
      'has a size beyond all windows',
      read({ sections: [{ name: '.text', flags: [], size: 2 ** 60, align: 1 }] }),
      /\/size /,
    ],
    [
      'has an unknown flag',
      read({ sections: [{ name: 'a', flags: ['tls'], size: 1, align: 1 }] }),
      /\/sections\/0\/flags\/0 /,
    ],
    [
      'has an odd alignment',
      read({ sections: [{ name: '.text', flags: [], size: 1, align: 3 }] }),
      /\/sections\/0\/align is 3/,
    ],
    [
      'exports from no section',
      read({ exports: [{ name: 'x', section: 'nowhere', offset: 0 }] }),
      /\/exports\/0\/section names no section: "nowhere"/,
    ],
    [
      'exports from behind a section',
      read({ exports: [{ name: 'x', section: '.text', offset: 4097 }] }),
      /\/exports\/0\/offset is 4097, beyond the 4096 bytes/,
    ],
    ['imports a control character', read({ imports: ['a\u0000b'] }), /\/imports\/0 /],
    [
      'keeps more symbols than there are',
      read({ symtab: { coreSymbols: 2, coreStrings: 1, symbols: 1, strings: 1 } }),
      /\/symtab has/,
    ],
  ])('ELF-25: one that %s is refused with path and reason', (_, result, words) => {
    expect(result).toEqual({ ok: false, message: expect.stringMatching(words) });
  });
});
