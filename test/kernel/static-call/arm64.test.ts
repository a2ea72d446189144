/** The arm64 room: trampolines, sites and routes at the edges of every reach. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryImage } from '../../../daemon/headless/image.ts';
import { REACH } from '../../../daemon/kernel/arch/arm64/insn.ts';
import { arm64StaticCalls, movSequence } from '../../../daemon/kernel/arch/arm64/static-call.ts';
import type {
  Code,
  KeyFacts,
  Read,
  SiteFacts,
  StaticCallArch,
  Write,
} from '../../../daemon/kernel/arch/static-call.ts';
import { longCode, wordAt, wordCode } from '../../../daemon/kernel/arch/static-call.ts';
import { inventedSymbol } from '../../../daemon/kernel/machine/presets.ts';
import type { Flavour } from '../../../protocol/profile.ts';
import { hasUnicorn } from '../../support/unicorn.ts';
import { Machine, only } from '../loader/machine.ts';
import { calls, FUNCS, staticCallProfile, TEXT, trampOf } from './machine.ts';
import { execute } from './unicorn.ts';

const RETURN0 = TEXT + 0x500;
const TRAMP = TEXT + 0x80000;

function room(flavour: Flavour): StaticCallArch {
  const arch = arm64StaticCalls(flavour, { orig: true, return0: RETURN0 });
  if (!arch) throw new Error(flavour);
  return arch;
}

const keyFor = (func: number, more: Partial<KeyFacts> = {}): KeyFacts => ({
  address: TEXT + 0x100000,
  func,
  tramp: TRAMP,
  literal: TEXT + 0x110000,
  orig: TRAMP,
  ...more,
});

/** Memory by word, with what a room writes put into it. */
class Words {
  readonly words = new Map<number, Code>();
  readonly read: Read = (address, size) => {
    let code = '';
    for (let at = 0; at < size; at += 4) code += this.words.get(address + at) ?? '';
    return code.length === size * 2 ? code : undefined;
  };
  put(address: number, code: Code): void {
    for (let at = 0; at * 2 < code.length; at += 4) this.words.set(address + at, code.slice(at * 2, at * 2 + 8));
  }
  apply(writes: readonly Write[]): void {
    for (const { address, bytes } of writes) this.put(address, bytes);
  }
}

const { min, max } = REACH.branch;

describe('a trampoline', () => {
  it.each([
    ['-128 MB', min, 1],
    ['one word below it', min - 4, 4],
    ['+128 MB - 4', max, 1],
    ['one word above it', max + 4, 4],
  ])('SC-30: out of line, to a function %s away takes the words that it needs', (_, distance, words) => {
    const arch = room('out-of-line');
    const memory = new Words();
    memory.put(TRAMP, arch.bootTramp(keyFor(TRAMP + 0x40), false));
    const { writes } = arch.transformTramp(keyFor(TRAMP + distance), memory.read);
    expect(writes.map(({ bytes }) => bytes.length / 8)).toEqual([words]);
    expect(writes[0]?.atomicity).toBe(words === 1 ? 'single-word' : 'stop-machine');
    memory.apply(writes);
    const route = arch.route(TRAMP, keyFor(TRAMP + distance), memory.read);
    expect(route.end).toBe(TRAMP + distance);
  });

  it('SC-31: of immediates reaches every kernel address', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 48 / 4 - 1 }), (words) => {
        const func = -words * 4;
        const memory = new Words();
        memory.put(TRAMP, movSequence(func));
        const route = room('out-of-line').route(TRAMP, keyFor(func), memory.read);
        expect(route.end).toBe(func);
        expect(wordAt(movSequence(func), 12)).toBe(0xd61f0200);
      }),
      { numRuns: 1000 },
    );
  });

  it('SC-32: returns while func is NULL, which takes one word; literal calls __static_call_return0', () => {
    for (const flavour of ['out-of-line', 'inline-defuse'] as const) {
      const arch = room(flavour);
      const memory = new Words();
      memory.put(TRAMP, movSequence(TEXT));
      const { writes } = arch.transformTramp(keyFor(0), memory.read);
      expect(writes).toMatchObject([{ address: TRAMP, bytes: wordCode(0xd65f03c0), atomicity: 'single-word' }]);
    }
    const literal = room('literal');
    const memory = new Words();
    memory.put(TEXT + 0x110000, longCode(TEXT));
    const { writes } = literal.transformTramp(keyFor(0), memory.read);
    expect(writes).toMatchObject([{ what: 'literal', bytes: longCode(RETURN0), atomicity: 'single-word' }]);
    expect(literal.callee(keyFor(0))).toBe(RETURN0);
  });

  it('SC-32: an invented kernel has a __static_call_return0 too, at the address that its name gives', () => {
    const profile = staticCallProfile('literal', 'near', { symbols: {}, openSymbols: true });
    const machine = new Machine(profile);
    const [patch] = only(machine.do({ type: 'update', key: 'kfree', func: FUNCS.null }), 'StaticCallPatched');
    expect(patch).toMatchObject({ what: 'literal' });
    expect(patch?.bytes[1]).toBe(longCode(inventedSymbol(profile, '__static_call_return0')));
  });

  it('SC-33: that is there already is not written', () => {
    const arch = room('out-of-line');
    const memory = new Words();
    memory.put(TRAMP, arch.bootTramp(keyFor(TEXT), false));
    expect(arch.transformTramp(keyFor(TEXT), memory.read).writes).toEqual([]);
  });
});

describe('a site of inline-defuse', () => {
  const arch = room('inline-defuse');
  const site = (address: number, more: Partial<SiteFacts> = {}): SiteFacts => ({
    address,
    tail: false,
    veneer: undefined,
    ...more,
  });
  const bytesOf = (given: SiteFacts, func: number) =>
    arch.transformSite(given, keyFor(func), () => wordCode(0)).writes[0]?.bytes ?? '';

  it.each([
    ['-128 MB', min, true],
    ['one word below it', min - 4, false],
    ['+128 MB - 4', max, true],
    ['one word above it', max + 4, false],
  ])('SC-34: %s away from func calls it directly if it can, else the trampoline', (_, distance, direct) => {
    const address = TRAMP - distance / 2 - ((distance / 2) % 4);
    const func = address + distance;
    expect(arch.destination(address, bytesOf(site(address), func))).toBe(direct ? func : TRAMP);
  });

  it("SC-34: calls the module's PLT entry where the trampoline is out of reach too", () => {
    const address = TEXT + 2 ** 30;
    const veneer = address + 0x1000;
    expect(arch.destination(address, bytesOf(site(address, { veneer }), TEXT))).toBe(veneer);
  });

  it('SC-35: becomes NOP for NULL, a tail call RET; a tail call stays a B', () => {
    expect(wordAt(bytesOf(site(TEXT), 0))).toBe(0xd503201f);
    expect(wordAt(bytesOf(site(TEXT, { tail: true }), 0))).toBe(0xd65f03c0);
    expect(wordAt(bytesOf(site(TEXT, { tail: true }), TEXT + 8)) >>> 26).toBe(0b000101);
    expect(wordAt(bytesOf(site(TEXT), TEXT + 8)) >>> 26).toBe(0b100101);
  });
});

describe('orig', () => {
  const session = (orig: boolean) => {
    const machine = new Machine(staticCallProfile('inline-defuse', 'far', { staticCallOrig: orig }));
    const loaded = machine.load(calls('mod_a'));
    const updated = machine.do({ type: 'update', key: 'kfree', func: FUNCS.further });
    return { machine, loaded, updated, image: memoryImage(machine.state, machine.blobs) };
  };

  it('SC-36: is the trampoline, where the call read back says a PLT entry', () => {
    const { loaded } = session(true);
    for (const { key, orig, callee } of only(loaded, 'StaticCallOrigRecorded')) {
      expect(BigInt(orig)).toBe(BigInt.asUintN(64, BigInt(trampOf(key as 'kfree'))));
      expect(callee).not.toBe(orig);
    }
    expect(only(loaded, 'StaticCallPatched').filter(({ what }) => what === 'veneer')).toEqual([]);
  });

  it('SC-37: switched off, the PLT entry is defused in its place, with a word too many', () => {
    const { loaded } = session(false);
    const veneers = only(loaded, 'StaticCallPatched').filter(({ what }) => what === 'veneer');
    expect(veneers.length).toBeGreaterThan(0);
    for (const { bytes, reason, owner } of veneers) {
      expect(bytes[1].length / 8).toBe(4);
      expect(reason).toContain('PLT entry');
      expect(owner).toBe('mod_a');
    }
  });

  it.skipIf(!hasUnicorn)('SC-37: switched off, calls go astray; switched on, none does', () => {
    expect(execute([session(true).image])).toEqual([]);
    expect(execute([session(false).image])).not.toEqual([]);
  });
});

describe('inline-poison', () => {
  it('SC-38: reports exactly the sites out of reach, and poisons the trampoline for the first site', () => {
    const machine = new Machine(staticCallProfile('inline-poison', 'mixed'));
    for (const name of ['mod_a', 'mod_b', 'mod_c', 'mod_d', 'mod_e']) machine.load(calls(name));
    const events = machine.do({ type: 'update', key: 'kfree', func: FUNCS.beyond });
    const strays = new Set(only(events, 'StaticCallStrayed').map(({ site }) => site));
    const trapping = memoryImage(machine.state, machine.blobs).calls.filter(
      ({ key, expect: e }) => key === 'kfree' && e === 'trap',
    );
    expect(new Set(trapping.map(({ site }) => site))).toEqual(strays);
    expect(strays.size).toBeGreaterThan(0);
    expect(machine.state.staticCalls?.text.get(trampOf('kfree'))).toBe(wordCode(0xd4210000));
  });
});
