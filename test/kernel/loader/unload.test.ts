import { describe, expect, it } from 'vitest';
import { failure, LAYOUTS, Machine, manifestBytes, one, only, partsOf, profileOf, taken, types } from './machine.ts';

const used = () => {
  const machine = new Machine(profileOf('linux-6.1'));
  for (const name of ['chain-a', 'chain-b', 'chain-c']) machine.fixture(name);
  return machine;
};

describe('unloading', () => {
  it('UNLOAD-1: a module that is not there is ENOENT', () => {
    expect(failure(used().unload('nobody'))).toEqual({
      errno: 'ENOENT',
      words: 'Module nobody is not currently loaded',
    });
  });

  it('UNLOAD-2, FAIL-7: a module that others use is EAGAIN, and the words name them', () => {
    const machine = used();
    expect(failure(machine.unload('chain_a'))).toEqual({
      errno: 'EAGAIN',
      words: 'Module chain_a is in use by: chain_b chain_c',
    });
    expect(failure(machine.unload('chain_b'))).toEqual({
      errno: 'EAGAIN',
      words: 'Module chain_b is in use by: chain_c',
    });
    for (const name of ['chain_c', 'chain_b', 'chain_a']) expect(types(machine.unload(name))).toContain('ModuleGone');
    expect(machine.modules()).toEqual([]);
  });

  it('UNLOAD-3, FAIL-7: a module with an init function and no exit function is EBUSY for ever', () => {
    const machine = new Machine(profileOf('linux-6.1'));
    machine.fixture('no-exit');
    expect(failure(machine.unload('no_exit'))).toEqual({
      errno: 'EBUSY',
      words: 'Module no_exit has an init function but no exit function',
    });
    // One without init may go, exit function or not.
    machine.fixture('absolute');
    expect(types(machine.unload('absolute'))).toContain('ModuleGone');
  });

  it('UNLOAD-4: a module that something else holds is EAGAIN', () => {
    const machine = used();
    expect(failure(machine.unload('chain_c', true))).toEqual({ errno: 'EAGAIN', words: 'Module chain_c is in use' });
  });

  it('UNLOAD-5: users are asked about before the exit function, that before a holder', () => {
    const machine = new Machine(profileOf('linux-6.1'));
    machine.fixture('no-exit');
    expect(failure(machine.unload('no_exit', true)).errno).toBe('EBUSY');
    const chain = used();
    expect(failure(chain.unload('chain_a', true)).words).toContain('in use by');
  });

  it('UNLOAD-6: a refusal leaves the machine as it was', () => {
    const machine = used();
    const before = machine.state;
    machine.unload('chain_a');
    machine.unload('nobody');
    expect(machine.state).toEqual(before);
  });

  it('UNLOAD-7: memory is freed at once: the core in 6.1; in 6.12 text, rodata, ro_after_init and at last data', () => {
    const [old, young] = LAYOUTS.map((layout) => {
      const machine = new Machine(profileOf(layout));
      machine.fixture('sections');
      const events = machine.unload('sections');
      expect(types(events)[0]).toBe('ModuleGoing');
      expect(types(events).at(-1)).toBe('ModuleGone');
      for (const { lazy } of only(events, 'MemoryFreed')) expect(lazy).toBe(false);
      return partsOf(events, 'MemoryFreed');
    });
    expect(old).toEqual(['core']);
    expect(young).toEqual(['text', 'rodata', 'ro_after_init', 'data']);
  });

  it('UNLOAD-8: freeing purges what was freed lazily', () => {
    const machine = new Machine(profileOf('linux-6.1'));
    machine.fixture('hello');
    machine.fixture('unknown-symbol');
    expect(machine.state.region.lazy).not.toEqual([]);
    const events = machine.unload('hello');
    expect(one(events, 'LazyAreasPurged').reason).toBe('area-freed');
    expect([taken(machine.state), machine.state.region.lazy]).toEqual([[], []]);
  });

  it('UNLOAD-9: its room, its per-CPU area and its name can be had again', () => {
    for (const layout of LAYOUTS) {
      const machine = new Machine(profileOf(layout));
      const first = one(machine.fixture('sections'), 'ModuleLaidOut');
      machine.unload('sections');
      expect(machine.state.percpu).toEqual([]);
      expect(one(machine.fixture('sections'), 'ModuleLaidOut')).toEqual(first);
    }
  });

  it('UNLOAD-10: the machine must be booted', () => {
    const machine = new Machine(profileOf('linux-6.1'));
    machine.put(manifestBytes({ name: 'm' }));
    machine.state = { ...machine.state, profile: undefined };
    expect(machine.decide({ type: 'unload', module: 'm' })).toMatchObject({ ok: false, code: 'no-such-machine' });
  });
});
