import { describe, expect, it } from 'vitest';
import { SHN_COMMON } from '../../../daemon/kernel/elf/constants.ts';
import { fromHex } from '../../../protocol/address.ts';
import { fixture } from '../../fixtures/fixtures.ts';
import { mapOf, write } from '../elf/edit.ts';
import { failure, LAYOUTS, Machine, manifestBytes, one, profileOf } from './machine.ts';

const machineOf = (more: Parameters<typeof profileOf>[1] = {}) => new Machine(profileOf('linux-6.1', more));
const text = { section: '.text', offset: 0 };

/** A fixture with another license of the same length. */
function licensed(file: string, from: string, to: string): Uint8Array {
  const bytes = fixture(file);
  const latin = Buffer.from(bytes).toString('latin1');
  const at = latin.indexOf(`license=${from}\0`);
  expect(at).toBeGreaterThan(0);
  expect(to.length).toBe(from.length);
  bytes.set(Buffer.from(to, 'latin1'), at + 'license='.length);
  return bytes;
}

describe('symbols', () => {
  it('SYM-1: a symbol is looked for in vmlinux, then in modules; the event names address and owner', () => {
    const machine = machineOf();
    const exports = one(machine.fixture('chain-a'), 'ModuleComing').exports;
    const { imports } = one(machine.fixture('chain-b'), 'SymbolsResolved');
    const chainA = exports.find(({ name }) => name === 'chain_a')?.address;
    expect(imports).toContainEqual({ name: 'chain_a', address: chainA, owner: 'chain_a' });
    const printk = one(machine.fixture('hello'), 'SymbolsResolved').imports.find(({ name }) => name === '_printk');
    expect(printk).toEqual({ name: '_printk', address: profileOf('linux-6.1').symbols._printk, owner: 'vmlinux' });
  });

  it('SYM-2: exports say where they are, whether they are GPL-only, and their namespace', () => {
    const events = machineOf().fixture('chain-a');
    const [core] = one(events, 'ModuleLaidOut').parts;
    const exports = one(events, 'ModuleComing').exports;
    expect(exports).toEqual([
      { name: 'chain_a', address: core?.address },
      { name: 'chain_a_data', address: expect.any(String) },
      { name: 'chain_a_gpl', address: expect.any(String), gplOnly: true },
      { name: 'chain_a_private', address: expect.any(String), gplOnly: true, namespace: 'CHAIN' },
    ]);
    expect(exports.map(({ address }) => fromHex(address) - fromHex(core?.address ?? ''))).toEqual([0, 0x2000, 4, 8]);
  });

  it('SYM-3: each module whose symbols are used is counted once, and let go when the user goes', () => {
    const machine = machineOf();
    for (const name of ['chain-a', 'chain-b']) machine.fixture(name);
    expect(one(machine.fixture('chain-c'), 'ModuleComing').uses).toEqual(['chain_a', 'chain_b']);
    const users = () => [...machine.state.modules.values()].map(({ name, users }) => [name, users]);
    expect(users()).toEqual([
      ['chain_a', 2],
      ['chain_b', 1],
      ['chain_c', 0],
    ]);
    machine.unload('chain_c');
    machine.unload('chain_b');
    expect(users()).toEqual([['chain_a', 0]]);
  });

  it('SYM-4: a GPL-only symbol is not found for a module that is not GPL', () => {
    const machine = machineOf();
    machine.fixture('chain-a');
    expect(failure(machine.fixture('proprietary'))).toEqual({
      errno: 'ENOENT',
      words: 'proprietary: Unknown symbol chain_a_gpl (err -2)',
      step: 'link',
    });
    const vmlinux = machineOf({ gplOnly: ['_printk'] });
    vmlinux.load(licensed('hello.ko', 'GPL', 'BSD'));
    expect(vmlinux.modules()).toEqual([]);
    vmlinux.fixture('hello');
    expect(vmlinux.modules()).toEqual(['hello']);
  });

  it('SYM-4: nor does an invented kernel invent it', () => {
    const machine = machineOf({ openSymbols: true });
    machine.fixture('chain-a');
    expect(failure(machine.fixture('proprietary')).errno).toBe('ENOENT');
  });

  it('SYM-5, FAIL-3: a symbol in a namespace that the module does not import is EINVAL', () => {
    const machine = machineOf();
    machine.fixture('chain-a');
    const bytes = fixture('chain-b.ko');
    const at = Buffer.from(bytes).indexOf('import_ns=CHAIN');
    bytes.set(Buffer.from('import_ns=OTHER'), at);
    expect(failure(machine.load(bytes))).toEqual({
      errno: 'EINVAL',
      words:
        'chain_b: module uses symbol (chain_a_private) from namespace CHAIN, but does not import it.\n' +
        'chain_b: Unknown symbol chain_a_private (err -22)',
      step: 'link',
    });
  });

  it('SYM-6: a weak symbol that nobody has stays 0', () => {
    const { imports } = one(machineOf().fixture('weak'), 'SymbolsResolved');
    expect(imports).toContainEqual({ name: 'perhaps_there', address: '0x0000000000000000', owner: null });
    const machine = machineOf({ openSymbols: true });
    expect(one(machine.fixture('weak'), 'SymbolsResolved').imports).toEqual(imports);
    machine.unload('weak');
    machine.manifest({ name: 'giver', exports: [{ name: 'perhaps_there', ...text }] });
    expect(one(machine.fixture('weak'), 'SymbolsResolved').imports[0]?.owner).toBe('giver');
  });

  it('SYM-7: what is exported already, by vmlinux or a module, may not be exported again', () => {
    for (const layout of LAYOUTS) {
      const machine = new Machine(profileOf(layout));
      machine.fixture('chain-a');
      expect(failure(machine.fixture('duplicate-export'))).toEqual({
        errno: 'ENOEXEC',
        words: 'duplicate_export: exports duplicate symbol chain_a (owned by chain_a)',
        step: 'form',
      });
      expect(failure(machine.manifest({ name: 'twice', exports: [{ name: '_printk', ...text }] }))).toEqual({
        errno: 'ENOEXEC',
        words: 'twice: exports duplicate symbol _printk (owned by kernel)',
        step: 'form',
      });
    }
  });

  it('SYM-8: a module that is gone exports nothing, and one that comes again exports at its new place', () => {
    const machine = machineOf();
    const first = one(machine.fixture('chain-a'), 'ModuleComing').exports[0]?.address;
    machine.unload('chain_a');
    machine.fixture('hello');
    expect(failure(machine.fixture('chain-b')).errno).toBe('ENOENT');
    const second = one(machine.fixture('chain-a'), 'ModuleComing').exports[0]?.address;
    expect(second).not.toBe(first);
    expect(one(machine.fixture('chain-b'), 'SymbolsResolved').imports[0]?.address).toBe(second);
  });

  it('SYM-9: every symbol that is wrong is told in the order of the symbol table; the last one is the errno', () => {
    const machine = machineOf();
    expect(failure(machine.fixture('chain-c'))).toEqual({
      errno: 'ENOENT',
      words: ['chain_a_data', 'chain_b', 'chain_a_gpl']
        .map((name) => `chain_c: Unknown symbol ${name} (err -2)`)
        .join('\n'),
      step: 'link',
    });
    const bytes = fixture('chain-c.ko');
    const { elf, symbol } = mapOf(bytes);
    const last = [...elf.symbols.shndx.keys()].findLast((i) => i > 0 && elf.symbols.shndx[i] === 0) ?? 0;
    const common = write(bytes, symbol(last, 'st_shndx'), 2, SHN_COMMON);
    const { errno, words } = failure(machine.load(common));
    expect([errno, words.split('\n').at(-1)]).toEqual(['ENOEXEC', 'chain_c: please compile with -fno-common']);
    expect(words.split('\n')).toHaveLength(3);
  });

  it('SYM-9: an event tells of the first 32', () => {
    const imports = Array.from({ length: 40 }, (_, i) => `missing_${i}`);
    const { words } = failure(machineOf().manifest({ name: 'greedy', imports }));
    expect(words.split('\n')).toHaveLength(32);
  });

  it('SYM-10: using a proprietary module makes a module proprietary, unless it uses GPL-only symbols: then it is not found', () => {
    const machine = machineOf({ gplOnly: ['ftrace_caller'] });
    machine.load(licensed('duplicate-export.ko', 'GPL', 'BSD'));
    const user = (imports: readonly string[], name = 'user') => machine.manifest({ name, imports: [...imports] });
    expect(one(user(['chain_a']), 'ModuleComing').proprietary).toBe(true);
    machine.unload('user');
    expect(failure(user(['ftrace_caller', 'chain_a'])).words).toBe(
      'user: module using GPL-only symbols uses symbols chain_a from proprietary module duplicate_export.\n' +
        'user: Unknown symbol chain_a (err -2)',
    );
    expect(failure(user(['chain_a', 'ftrace_caller'])).words).toBe('user: Unknown symbol ftrace_caller (err -2)');
    expect(one(machine.fixture('hello'), 'ModuleComing').proprietary).toBeUndefined();
  });

  it('SYM-11: an invented kernel has what no module exports', () => {
    const machine = machineOf({ openSymbols: true });
    const { imports } = one(machine.fixture('unknown-symbol'), 'SymbolsResolved');
    const missing = imports.find(({ name }) => name === 'surely_missing');
    expect(missing?.owner).toBe('vmlinux');
    const { kernel } = profileOf('linux-6.1');
    expect(fromHex(missing?.address ?? '')).toBeGreaterThanOrEqual(fromHex(kernel.text));
    expect(fromHex(missing?.address ?? '')).toBeLessThan(fromHex(kernel.etext));
  });

  it('SYM-12: names like those of object properties are names like others', () => {
    const machine = machineOf();
    const names = ['__proto__', 'constructor', 'toString'];
    expect(failure(machine.manifest({ name: 'asks', imports: names })).errno).toBe('ENOENT');
    machine.load(manifestBytes({ name: '__proto__', exports: names.map((name) => ({ name, ...text })) }));
    expect(one(machine.manifest({ name: 'constructor', imports: names }), 'ModuleComing').uses).toEqual(['__proto__']);
    expect(failure(machine.unload('__proto__')).words).toBe('Module __proto__ is in use by: constructor');
  });
});
