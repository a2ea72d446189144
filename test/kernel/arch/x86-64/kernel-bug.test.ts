import { describe, expect, it } from 'vitest';
import { decide, initialState } from '../../../../daemon/kernel/kernel.ts';
import { toHex } from '../../../../protocol/address.ts';
import { profileOf, TEXT } from './machine.ts';

const SITE = toHex(TEXT + 0x2000);
const CALL = 'e8fbefffffcccccc';

/** A machine with one key, its trampoline and one site of the kernel's own, whose bytes are these. */
const booted = (siteBytes: string, trampBytes: string) => {
  const key = {
    address: toHex(TEXT + 0x1a00000),
    func: toHex(TEXT + 0x1000),
    tramp: toHex(TEXT + 0xe005a0),
    trampBytes,
  };
  const { source } = profileOf('linux-6.1', 'none', {
    staticCall: 'inline',
    staticCalls: { keys: { demo: key }, vmlinuxSites: [[SITE, 'demo', 0, siteBytes]] },
  });
  const decision = decide(initialState(), { type: 'boot', profile: source }, new Map());
  if (!decision.ok) throw new Error(decision.message);
  return decision.state;
};

const update = (state: ReturnType<typeof booted>) =>
  decide(state, { type: 'update', key: 'demo', func: '0x0' }, new Map());

describe('what would stop the kernel', () => {
  it('X86-37: an update of a corrupt site is refused, names it, and changes nothing', () => {
    const state = booted('9090909090909090', 'e95b0a20ff0fb9cc');
    expect(update(state)).toEqual({
      ok: false,
      code: 'bad-command',
      message: `kernel BUG: unexpected static_call insn opcode 0x90 at ${SITE}: bytes are 909090909090`,
    });
    expect(state.staticCalls?.keys.get('demo')?.func).toBe(TEXT + 0x1000);
  });

  it('X86-37: so is one of a trampoline that is none', () => {
    expect(update(booted(CALL, '9090909090909090'))).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^kernel BUG: trampoline signature fail: 9090909090909090 at 0xffffffff81e005a0/),
    });
  });

  it('X86-24: a sound site and trampoline are patched', () => {
    const decision = update(booted(CALL, 'e95b0a20ff0fb9cc'));
    if (!decision.ok) throw new Error(decision.message);
    const patches = decision.events.flatMap((e) =>
      e.type === 'StaticCallPatched' ? [[e.what, e.address, e.text[1]]] : [],
    );
    expect(patches).toEqual([
      ['trampoline', '0xffffffff81e005a0', 'ret'],
      ['site', SITE, 'nopl 0x0(%rax,%rax,1)'],
    ]);
  });
});
