import { describe, expect, it } from 'vitest';
import { failure, LAYOUTS, Machine, one, profileOf } from './machine.ts';

/** What each fixture says when it is loaded into a small kernel that has `_printk` and nothing that it misses. */
const FILES: readonly (readonly [rule: string, file: string, errno: string, words: string])[] = [
  ['FAIL-2', 'unknown-symbol', 'ENOENT', 'unknown_symbol: Unknown symbol surely_missing (err -2)'],
  ['FAIL-2', 'calls', 'ENOENT', 'calls: Unknown symbol kfree (err -2)\ncalls: Unknown symbol kmalloc_trace (err -2)'],
  [
    'FAIL-5',
    'bad-vermagic',
    'ENOEXEC',
    "bad_vermagic: version magic '5.10.0-other SMP mod_unload aarch64' should be '6.1.0-fixture SMP mod_unload aarch64'",
  ],
  ['FAIL-5', 'bare', 'ENOEXEC', 'bare: module PLT section(s) missing'],
  ['FAIL-5', 'common', 'ENOEXEC', 'common: please compile with -fno-common'],
  ['FAIL-5', 'unsupported', 'ENOEXEC', 'module unsupported: unsupported RELA relocation: 549'],
  ['FAIL-5', 'overflow-abs32', 'ENOEXEC', 'module overflow_abs32: overflow in relocation type 258 val 123456789abc'],
  [
    'FAIL-5',
    'overflow-movw-sabs-g1',
    'ENOEXEC',
    'module overflow_movw_sabs_g1: overflow in relocation type 271 val fffffffedcba9877',
  ],
];

describe('failures', () => {
  for (const [rule, file, errno, words] of FILES) {
    it(`${rule}: ${file}.ko is ${errno}, in the kernel's words`, () => {
      for (const layout of LAYOUTS) {
        const machine = new Machine(profileOf(layout));
        expect(failure(machine.fixture(file))).toMatchObject({ errno, words });
        expect(machine.modules()).toEqual([]);
      }
    });
  }

  it('FAIL-1: what failed once can be tried again, and succeeds when its reason is gone', () => {
    for (const layout of LAYOUTS) {
      const machine = new Machine(profileOf(layout));
      expect(failure(machine.fixture('chain-b')).errno).toBe('ENOENT');
      machine.fixture('chain-a');
      expect(one(machine.fixture('chain-b'), 'ModuleLive').module).toBe('chain_b');
    }
  });

  it('SYM-6: _GLOBAL_OFFSET_TABLE_ is no error on x86-64', () => {
    for (const layout of LAYOUTS) {
      const machine = new Machine(profileOf(layout, { arch: 'x86-64', vermagic: '6.1.0-fixture SMP mod_unload ' }));
      const { imports } = one(machine.fixture('x86-64-got'), 'SymbolsResolved');
      expect(imports).toEqual([{ name: '_GLOBAL_OFFSET_TABLE_', address: '0x0000000000000000', owner: null }]);
    }
  });
});
