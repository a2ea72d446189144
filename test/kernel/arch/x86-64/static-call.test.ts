import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelBug } from '../../../../daemon/kernel/arch/kernel-bug.ts';
import type {
  Code,
  KeyFacts,
  Read,
  SiteFacts,
  StaticCallArch,
  Write,
} from '../../../../daemon/kernel/arch/static-call.ts';
import { x86StaticCalls } from '../../../../daemon/kernel/arch/x86-64/static-call.ts';
import { toHex } from '../../../../protocol/address.ts';
import { FLAVOURS, type Flavour } from '../../../../protocol/profile.ts';
import { hasUnicorn, type Image } from '../../../support/unicorn.ts';
import { PLAIN_RETURN, profileOf, RETURN0, TEXT, THUNKS, type Thunk } from './machine.ts';
import { execute } from './unicorn.ts';

const FUNC = TEXT + 0x1000;
const TRAMP = TEXT + 0xe005a0;
const SITE = -0x3fe00000;
const LAYOUTS = ['linux-6.1', 'linux-6.12'] as const;

const roomOf = (flavour: Flavour, thunk: Thunk = 'none', layout: (typeof LAYOUTS)[number] = 'linux-6.12') => {
  const room = x86StaticCalls(flavour, profileOf(layout, thunk));
  if (!room) throw new Error(`no room for ${flavour}`);
  return room;
};

const key = (func: number): KeyFacts => ({
  address: TEXT + 0x1a00000,
  func,
  tramp: TRAMP,
  literal: undefined,
  orig: undefined,
});
const site = (address: number, tail = false): SiteFacts => ({ address, tail, veneer: undefined });

/** Memory that transforms are applied to. */
class Memory {
  readonly code = new Map<number, Code>();

  readonly read: Read = (address, size) => this.code.get(address)?.slice(0, 2 * size);

  apply(writes: readonly Write[]): void {
    for (const { address, bytes } of writes)
      this.code.set(address, bytes + (this.code.get(address) ?? '').slice(bytes.length));
  }
}

const memoryOf = (...places: readonly (readonly [number, Code])[]): Memory => {
  const memory = new Memory();
  for (const [address, code] of places) memory.code.set(address, code);
  return memory;
};

const CALL_TRAMP = 'e89b05c0c1cc';
const TAIL_TRAMP = 'e99b05c0c1cc';
const JCC_TRAMP = '0f859a05c0c1';
const NOP5 = '0f1f440000';
const XOR5 = '2e2e2e31c0';
const PLAIN = 'c3cccccccc';

/** What a site reads after one transform, disassembled. */
const transformed = (room: StaticCallArch, before: Code, tail: boolean, func: number, at = SITE): string => {
  const memory = memoryOf([at, before]);
  const { writes, stray } = room.transformSite(site(at, tail), key(func), memory.read);
  expect(stray).toBe(false);
  expect(writes.map(({ atomicity }) => atomicity)).toEqual(writes.map(() => 'int3'));
  memory.apply(writes);
  return memory.code.get(at) ?? '';
};

const shown = (room: StaticCallArch, before: Code, tail: boolean, func: number, at = SITE): string =>
  room.text(at, transformed(room, before, tail, func, at).slice(0, before.startsWith('0f8') ? 12 : 10));

describe('inline sites', () => {
  const room = roomOf('inline');

  it('X86-20: a call site calls func, does nothing for NULL, and clears eax for __static_call_return0', () => {
    expect(shown(room, CALL_TRAMP, false, FUNC)).toBe('call 0xffffffff81001000');
    expect(shown(room, CALL_TRAMP, false, 0)).toBe('nopl 0x0(%rax,%rax,1)');
    expect(shown(room, CALL_TRAMP, false, RETURN0)).toBe('cs cs cs xor %eax,%eax');
    for (const before of [`${NOP5}00`, `${XOR5}00`]) {
      expect(shown(room, before, false, FUNC)).toBe('call 0xffffffff81001000');
    }
  });

  it('X86-21: a tail site jumps to func, to __static_call_return0 as well, and returns for NULL', () => {
    expect(shown(room, TAIL_TRAMP, true, FUNC)).toBe('jmp 0xffffffff81001000');
    expect(shown(room, TAIL_TRAMP, true, RETURN0)).toBe('jmp 0xffffffff8125de90');
    expect(transformed(room, TAIL_TRAMP, true, 0)).toBe(`${PLAIN}cc`);
    expect(shown(room, `${PLAIN}cc`, true, FUNC)).toBe('jmp 0xffffffff81001000');
  });

  it.each(LAYOUTS)(
    'X86-22: in %s, a NULL tail site jumps to the active thunk; for ITS only in the lower half of a line',
    (layout) => {
      const null_ = (thunk: Thunk, at: number) => shown(roomOf('inline', thunk, layout), TAIL_TRAMP, true, 0, at);
      expect([0, 31, 32, 63, 64].map((at) => null_('its', SITE + at))).toEqual([
        'jmp 0xffffffff81e01d40',
        'jmp 0xffffffff81e01d40',
        'ret',
        'ret',
        'jmp 0xffffffff81e01d40',
      ]);
      for (const at of [0, 32]) expect(null_('srso', SITE + at)).toBe('jmp 0xffffffff81e01780');
    },
  );

  it('X86-23: a conditional tail site keeps its condition; for NULL it goes to a return, wherever it stands', () => {
    for (let cond = 0; cond < 16; cond++) {
      const before = `0f8${cond.toString(16)}9a05c0c1`;
      const after = transformed(room, before, true, FUNC);
      expect(after.slice(0, 4)).toBe(before.slice(0, 4));
      expect(room.destination(SITE, after)).toBe(FUNC);
    }
    const null_ = (thunk: Thunk, layout: (typeof LAYOUTS)[number], at: number) =>
      shown(roomOf('inline', thunk, layout), JCC_TRAMP, true, 0, at);
    for (const at of [SITE, SITE + 32]) {
      expect(null_('none', 'linux-6.12', at)).toBe('jne 0xffffffff8103ea60');
      expect(null_('srso', 'linux-6.12', at)).toBe('jne 0xffffffff81e01780');
      expect(null_('its', 'linux-6.12', at)).toBe('jne 0xffffffff81e01d40');
      expect(null_('none', 'linux-6.1', at)).toBe('jne 0xffffffff8103ea60');
      expect(null_('srso', 'linux-6.1', at)).toBe('jne 0xffffffff81e01d30');
    }
  });

  it('X86-24: writes only where the bytes differ', () => {
    const writes = (before: Code, tail: boolean, func: number) =>
      room.transformSite(site(SITE, tail), key(func), memoryOf([SITE, before]).read).writes;
    for (const func of [0, FUNC, RETURN0]) {
      for (const [before, tail] of [
        [CALL_TRAMP, false],
        [TAIL_TRAMP, true],
        [JCC_TRAMP, true],
      ] as const) {
        const [first] = writes(before, tail, func);
        expect(first?.address).toBe(SITE);
        expect(first?.bytes).toHaveLength(before === JCC_TRAMP ? 12 : 10);
        expect(writes(transformed(room, before, tail, func), tail, func)).toEqual([]);
      }
    }
  });

  it('X86-25: stops on what is no instruction of a static call, with the address and the bytes', () => {
    const run = (before: Code, tail: boolean) => () =>
      room.transformSite(site(SITE, tail), key(FUNC), memoryOf([SITE, before]).read);
    const words = /unexpected static_call insn opcode 0x\w\w at 0xffffffffc0200000: bytes are/;
    for (const bad of [
      '909090909090',
      '0f1f400000cc',
      '2e2e2e31c9cc',
      TAIL_TRAMP,
      JCC_TRAMP,
      `${PLAIN}cc`,
      '0f0b00000000',
    ]) {
      expect(run(bad, false)).toThrow(words);
    }
    for (const bad of ['909090909090', CALL_TRAMP, `${NOP5}cc`, `${XOR5}cc`, '0f9500000000', '0f85000000']) {
      expect(run(bad, true)).toThrow(words);
    }
    const nowhere = () => room.transformSite(site(SITE), key(FUNC), memoryOf().read);
    expect(nowhere).toThrow('static_call site at 0xffffffffc0200000 is not in known memory');
  });

  it('X86-26: the trampoline jumps to func, to __static_call_return0 as well, and returns for NULL', () => {
    const becomes = (before: Code, func: number, thunk: Thunk = 'none') => {
      const memory = memoryOf([TRAMP, before]);
      memory.apply(roomOf('inline', thunk).transformTramp(key(func), memory.read).writes);
      return roomOf('inline').text(TRAMP, memory.code.get(TRAMP) ?? '');
    };
    const jump = 'e95b0a20ff0fb9cc';
    expect(becomes(`${PLAIN}0fb9cc`, FUNC)).toBe('jmp 0xffffffff81001000; ud1 %esp,%ecx');
    expect(becomes(jump, RETURN0)).toBe('jmp 0xffffffff8125de90; ud1 %esp,%ecx');
    expect(becomes(jump, 0)).toBe('ret; ud1 %esp,%ecx');
    expect(becomes(jump, 0, 'srso')).toBe('jmp 0xffffffff81e01780; ud1 %esp,%ecx');
    // 0x…5a0 has bit 5 set.
    expect(becomes(jump, 0, 'its')).toBe('ret; ud1 %esp,%ecx');
  });

  it('X86-27: stops on a trampoline without its mark, or that neither jumps nor returns', () => {
    const run = (before: Code) => () => room.transformTramp(key(FUNC), memoryOf([TRAMP, before]).read);
    expect(run('e95b0a20ff0fb9cd')).toThrow(/trampoline signature fail: \w+ at 0xffffffff81e005a0/);
    expect(run('e85b0a20ff0fb9cc')).toThrow(/unexpected static_call insn opcode 0xe8 at 0xffffffff81e005a0/);
    expect(() => room.transformTramp(key(FUNC), memoryOf().read)).toThrow(KernelBug);
  });
});

describe('flavours', () => {
  it('X86-28: there are three; the others are for arm64', () => {
    const rooms = FLAVOURS.filter((flavour) => x86StaticCalls(flavour, profileOf('linux-6.1', 'none')));
    expect(rooms).toEqual(['out-of-line', 'inline', 'inline-poison']);
  });

  it('X86-29: out of line, sites stay and calls take two branches', () => {
    const room = roomOf('out-of-line');
    const memory = memoryOf([SITE, CALL_TRAMP], [TRAMP, room.bootTramp(key(FUNC), false)]);
    expect(room.transformSite(site(SITE), key(FUNC), memory.read)).toEqual({ writes: [], stray: false });
    expect(room.retireTramp(site(SITE), key(FUNC), memory.read)).toEqual({
      orig: undefined,
      callee: TRAMP,
      writes: [],
    });
    expect(room.route(SITE, key(FUNC), memory.read)).toEqual({ branches: [SITE, TRAMP], end: FUNC, class: 'veneer' });
    memory.apply(room.transformTramp(key(0), memory.read).writes);
    expect(room.route(SITE, key(0), memory.read)).toEqual({ branches: [SITE], end: undefined, class: 'none' });
  });

  it('X86-30: inline-poison puts ud2 in the place of the trampoline’s jump, once, and it stays', () => {
    const room = roomOf('inline-poison');
    const memory = memoryOf([SITE, CALL_TRAMP], [TRAMP, room.bootTramp(key(FUNC), false)]);
    const retired = room.retireTramp(site(SITE), key(FUNC), memory.read);
    expect(retired).toMatchObject({
      orig: undefined,
      callee: TRAMP,
      writes: [{ what: 'trampoline', bytes: '0f0bcccccc' }],
    });
    memory.apply(retired.writes);
    expect(room.route(SITE, key(FUNC), memory.read)).toEqual({ branches: [SITE], end: undefined, class: 'trapped' });
    expect(room.retireTramp(site(SITE), key(FUNC), memory.read).writes).toEqual([]);
    for (const func of [FUNC, 0, RETURN0]) expect(room.transformTramp(key(func), memory.read).writes).toEqual([]);
    memory.apply(room.transformSite(site(SITE), key(FUNC), memory.read).writes);
    expect(room.route(SITE, key(FUNC), memory.read)).toEqual({ branches: [SITE], end: FUNC, class: 'direct' });
    expect(room.bootTramp(key(FUNC), true)).toBe('0f0bcccccc0fb9cc');
  });

  it('X86-31: inline keeps the trampoline for callers that are no site', () => {
    const room = roomOf('inline');
    const memory = memoryOf([SITE, CALL_TRAMP], [TRAMP, room.bootTramp(key(FUNC), true)]);
    expect(room.retireTramp(site(SITE), key(FUNC), memory.read)).toEqual({
      orig: undefined,
      callee: TRAMP,
      writes: [],
    });
    expect(room.route(TRAMP, key(FUNC), memory.read)).toEqual({ branches: [TRAMP], end: FUNC, class: 'direct' });
    expect(room.bootTramp(key(0), true)).toBe(`${PLAIN}0fb9cc`);
  });

  it('X86-36: a kernel of another flavour boots with sites and trampolines of its own', () => {
    const boot = (flavour: Flavour, code: Code, tail: boolean) =>
      roomOf(flavour).bootSite?.(site(SITE, tail), key(FUNC), `${code}ff`);
    expect(boot('out-of-line', `${NOP5}cc`, false)).toBe(`${CALL_TRAMP}ff`);
    expect(boot('out-of-line', `${PLAIN}cc`, true)).toBe(`${TAIL_TRAMP}ff`);
    expect(boot('out-of-line', '0f8500000000', true)).toBe(`${JCC_TRAMP}ff`);
    expect(boot('inline-poison', `${NOP5}cc`, false)).toBe(`${NOP5}ccff`);
    expect(roomOf('inline').bootSite).toBeUndefined();
  });

  it('X86-32: reads the destination back from a call, a jump and a conditional jump, and from nothing else', () => {
    const { destination } = roomOf('inline');
    for (const before of [CALL_TRAMP, TAIL_TRAMP, JCC_TRAMP]) expect(destination(SITE, before)).toBe(TRAMP);
    for (const other of [NOP5, XOR5, PLAIN, '0f0b', 'e8', '0f8500', ''])
      expect(destination(SITE, other)).toBeUndefined();
  });

  it('X86-33: a NULL tail site that jumps to a return calls nothing', () => {
    for (const layout of LAYOUTS)
      for (const thunk of ['none', 'srso', 'its'] as const) {
        const room = roomOf('inline', thunk, layout);
        for (const before of [TAIL_TRAMP, JCC_TRAMP]) {
          const memory = memoryOf([SITE, transformed(room, before, true, 0)]);
          expect(room.route(SITE, key(0), memory.read)).toEqual({ branches: [], end: undefined, class: 'none' });
        }
      }
  });
});

interface Place {
  readonly at: SiteFacts;
  readonly before: Code;
}

/** Sites of one key that call its trampoline, as relocation leaves them. */
const placesOf = (kinds: readonly ('call' | 'tail' | 'jcc')[]): Place[] =>
  kinds.map((kind, i) => {
    const address = SITE + 48 * i;
    const rel = (length: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(TRAMP - (address + length));
      return bytes.toString('hex');
    };
    const before = kind === 'call' ? `e8${rel(5)}90` : kind === 'tail' ? `e9${rel(5)}cc` : `0f85${rel(6)}`;
    return { at: site(address, kind !== 'call'), before };
  });

const session = fc.record({
  flavour: fc.constantFrom<Flavour>('inline', 'inline-poison', 'out-of-line'),
  thunk: fc.constantFrom<Thunk>('none', 'srso', 'its'),
  layout: fc.constantFrom(...LAYOUTS),
  kinds: fc.array(fc.constantFrom<'call' | 'tail' | 'jcc'>('call', 'tail', 'jcc'), { minLength: 1, maxLength: 6 }),
  funcs: fc.array(fc.constantFrom(0, RETURN0, FUNC, FUNC + 0x230, SITE + 0x10000, PLAIN_RETURN + 64), {
    minLength: 1,
    maxLength: 8,
  }),
});

/** What memory holds after a key's sites came and its func changed, as the generic part goes about it. */
const play = ({ flavour, thunk, layout, kinds, funcs }: typeof session extends fc.Arbitrary<infer T> ? T : never) => {
  const room = roomOf(flavour, thunk, layout);
  const places = placesOf(kinds);
  const [start = 0] = funcs;
  const memory = memoryOf(
    [TRAMP, room.bootTramp(key(start), false)],
    ...places.map(({ at, before }) => [at.address, before] as const),
  );
  const [first] = places;
  if (room.inline && first) memory.apply(room.retireTramp(first.at, key(start), memory.read).writes);
  for (const { at } of places) memory.apply(room.transformSite(at, key(start), memory.read).writes);
  for (const func of funcs.slice(1)) {
    memory.apply(room.transformTramp(key(func), memory.read).writes);
    for (const { at } of places) memory.apply(room.transformSite(at, key(func), memory.read).writes);
  }
  return { room, places, memory, func: funcs.at(-1) ?? 0 };
};

describe('sessions', () => {
  it('X86-34: after any updates every site leads to func in as many branches as its flavour takes', () => {
    fc.assert(
      fc.property(session, (given) => {
        const { room, places, memory, func } = play(given);
        for (const { at } of places) {
          const { end, branches } = room.route(at.address, key(func), memory.read);
          const called = func !== 0 && !(room.inline && func === RETURN0 && !at.tail);
          expect(end).toBe(called ? func : undefined);
          if (called) expect(branches).toHaveLength(room.inline ? 1 : 2);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.skipIf(!hasUnicorn)('X86-35: an independent CPU arrives where the route says', { timeout: 120_000 }, () => {
    const images = fc.sample(session, { numRuns: 200, seed: 53786 }).map((given): Image => {
      const { room, places, memory, func } = play(given);
      return {
        segments: [...memory.code].map(([address, code]) => {
          return { address: toHex(address), bytes: Buffer.from(code, 'hex').toString('base64') };
        }),
        calls: places.map(({ at }) => {
          const { end, branches, class: kind } = room.route(at.address, key(func), memory.read);
          const expected = kind === 'trapped' ? 'trap' : end === undefined ? '0x0' : toHex(end);
          return { site: toHex(at.address), key: 'demo', tail: at.tail, expect: expected, hops: branches.length };
        }),
      };
    });
    expect(execute(images, RETURNS.map(toHex))).toEqual([]);
  });
});

/** Where nothing is called: a jump that arrives here has returned. */
const RETURNS = [...Object.values(THUNKS).map(({ address }) => address), PLAIN_RETURN];
