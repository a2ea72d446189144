/** The generic part: which nodes, sites and patches come in which order, and what a failure leaves behind. */
import { describe, expect, it } from 'vitest';
import { encode, INSN } from '../../../daemon/kernel/arch/arm64/insn.ts';
import { wordCode } from '../../../daemon/kernel/arch/static-call.ts';
import type { Draft } from '../../../daemon/kernel/loader/draft.ts';
import { addKeys, addModule, dropKeys, freeNodes, type ModuleSite } from '../../../daemon/kernel/static-call/module.ts';
import { fromHex, toHex } from '../../../protocol/address.ts';
import { SITE_INIT, SITE_TAIL } from '../../../protocol/events/static-call.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { failure, Machine, one, only, types } from '../loader/machine.ts';
import { calls, FUNCS, KEY_NAMES, keyAddressOf, modsOf, staticCallProfile, TEXT, trampOf } from './machine.ts';

const near = (more: Partial<MachineProfile> = {}) => staticCallProfile('inline-defuse', 'near', more);

/** A machine whose image calls `_printk` itself at two places, one of them in init text that is gone. */
function withOwnSites(): Machine {
  const profile = near();
  const site = TEXT + 0x2000;
  const code = wordCode(encode(INSN.bl, { target: fromHex(profile.symbols._printk ?? '') }, site) ?? 0);
  const { staticCalls } = profile;
  if (!staticCalls) throw new Error('no static calls');
  return new Machine({
    ...profile,
    staticCalls: {
      ...staticCalls,
      vmlinuxSites: [
        [toHex(site), '_printk', 0, code],
        [toHex(TEXT + 0xf0000), '_printk', SITE_INIT, null],
      ],
    },
  });
}

const load = (machine: Machine, name: string, more: Parameters<Machine['load']>[1] = {}) =>
  machine.load(calls(name), more);

describe('a module that is COMING', () => {
  it("SC-2: has its sites sorted by the key's address, those in init text marked", () => {
    const sorted = one(load(new Machine(near()), 'mod_a'), 'StaticCallSitesSorted');
    expect(sorted.runs.map(({ key }) => key)).toEqual([...KEY_NAMES]);
    const sites = sorted.runs.flatMap((run) => run.sites);
    // calls.S: six calls of _printk, four of kfree, two of kmalloc_trace without an addend; four of them in .init.text.
    expect(sorted.runs.map((run) => run.sites.length)).toEqual([6, 4, 2]);
    expect(sites.filter(([, flags]) => (flags & SITE_INIT) !== 0)).toHaveLength(3);
    expect(sites.filter(([, flags]) => (flags & SITE_TAIL) !== 0)).toHaveLength(3);
  });

  it('SC-3: puts a node at the head of each list, and transforms the sites of a key after its node', () => {
    const machine = new Machine(near());
    load(machine, 'mod_a');
    const events = load(machine, 'mod_b');
    for (const name of KEY_NAMES) expect(modsOf(machine.state, name)).toEqual(['mod_b', 'mod_a']);
    const order = events.flatMap((e) =>
      e.type === 'SiteModAllocated' ? [`node ${e.key}`] : e.type === 'StaticCallPatched' ? [`${e.what} ${e.key}`] : [],
    );
    expect([...new Set(order)]).toEqual(KEY_NAMES.flatMap((name) => [`node ${name}`, `site ${name}`]));
  });

  it("SC-4: makes the kernel's own sites a node of their own, which stays last", () => {
    const machine = withOwnSites();
    expect(machine.state.staticCalls?.keys.get('_printk')?.own?.sites).toHaveLength(2);
    const nodes = only(load(machine, 'mod_a'), 'SiteModAllocated').filter(({ key }) => key === '_printk');
    expect(nodes.map(({ owner }) => owner)).toEqual(['vmlinux', 'mod_a']);
    load(machine, 'mod_b');
    expect(modsOf(machine.state, '_printk')).toEqual(['mod_b', 'mod_a', 'vmlinux']);
    machine.unload('mod_a');
    machine.unload('mod_b');
    expect(modsOf(machine.state, '_printk')).toEqual(['vmlinux']);
    expect(machine.state.staticCalls?.keys.get('_printk')?.own).toBeUndefined();
  });

  it('SC-5: fails with ENOMEM when a node finds no memory; nodes that it had leave, patches stay in the log', () => {
    const machine = new Machine(near());
    load(machine, 'mod_a');
    const events = load(machine, 'mod_b', { failAllocation: 2 });
    expect(failure(events)).toEqual({
      errno: 'ENOMEM',
      words: 'Failed to allocate memory for static calls',
      step: 'coming',
    });
    expect(one(events, 'SiteModAllocationFailed')).toMatchObject({ key: 'kfree', allocation: 2, module: 'mod_b' });
    expect(one(events, 'SiteModsFreed').keys).toEqual(['_printk']);
    expect(new Set(only(events, 'StaticCallPatched').map(({ key }) => key))).toEqual(new Set(['_printk']));
    expect(types(events).slice(-1)).toEqual(['ModuleLoadFailed']);
    expect(machine.modules()).toEqual(['mod_a']);
    for (const name of KEY_NAMES) expect(modsOf(machine.state, name)).toEqual(['mod_a']);
    load(machine, 'mod_b');
    expect(modsOf(machine.state, 'kfree')).toEqual(['mod_b', 'mod_a']);
  });

  it("SC-5: leaves the kernel's own sites in their node when only the second allocation fails, and on the key when the first does", () => {
    const machine = withOwnSites();
    load(machine, 'mod_a', { failAllocation: 1 });
    expect(machine.state.staticCalls?.keys.get('_printk')?.own).toBeDefined();
    load(machine, 'mod_a', { failAllocation: 2 });
    expect(machine.state.staticCalls?.keys.get('_printk')?.own).toBeUndefined();
    expect(modsOf(machine.state, '_printk')).toEqual(['vmlinux']);
  });
});

describe('a site', () => {
  const site = (names: number): ModuleSite => ({
    address: TEXT - 0x1000,
    names,
    tail: false,
    init: false,
    bytes: new Uint8Array([0, 0, 0, 0x94]),
    veneer: undefined,
  });
  const added = (names: number, trampKeys: NonNullable<MachineProfile['staticCalls']>['trampKeys'] = []) => {
    const profile = near();
    const { staticCalls } = profile;
    if (!staticCalls) throw new Error('no static calls');
    const { state } = new Machine({ ...profile, staticCalls: { ...staticCalls, trampKeys } });
    const draft: Draft = { state, events: [] };
    if (!state.profile) throw new Error('not booted');
    return { error: addModule(draft, state.profile, 'demo', [site(names)], undefined), draft };
  };

  it('SC-6: may name the trampoline of a key that is not exported', () => {
    const tramp = toHex(trampOf('kfree'));
    const { error, draft } = added(trampOf('kfree'), [[tramp, toHex(keyAddressOf('kfree')), 'kfree']]);
    expect(error).toBeUndefined();
    expect(modsOf(draft.state, 'kfree')).toEqual(['demo']);
  });

  it('SC-6: that names no key and no such trampoline makes the load fail with EINVAL', () => {
    const { error, draft } = added(trampOf('kfree'));
    expect(error?.errno).toBe('EINVAL');
    expect(error?.words).toMatch(/^Failed to fixup __raw_static_call\(\) usage at: 0x/);
    expect(draft.events).toEqual([]);
  });

  it('SC-7: may call a key that lives in a module, which dies with it; the others keep their sites as they are', () => {
    const { state } = new Machine(near());
    const draft: Draft = { state, events: [] };
    if (!state.profile) throw new Error('not booted');
    const address = TEXT - 0x8000;
    const key = { name: 'own', address, func: TEXT + 0x100, tramp: TEXT - 0x9000, trampBytes: new Uint8Array(16) };
    addKeys(draft, 'demo', [key]);
    expect(addModule(draft, state.profile, 'demo', [site(address)], undefined)).toBeUndefined();
    expect(modsOf(draft.state, 'demo:own')).toEqual(['demo']);
    freeNodes(draft, 'demo');
    expect(modsOf(draft.state, 'demo:own')).toEqual([]);
    dropKeys(draft, 'demo');
    expect(draft.state.staticCalls?.keys.get('demo:own')).toBeUndefined();
    expect(types(draft.events).slice(-2)).toEqual(['SiteModsFreed', 'StaticCallKeysGone']);
  });
});

describe('an update', () => {
  const update = (machine: Machine, func: string, key = 'kfree') => machine.do({ type: 'update', key, func });

  it('SC-8: with the func that the key has does nothing', () => {
    const machine = new Machine(near());
    load(machine, 'mod_a');
    expect(types(update(machine, 'kfree'))).toEqual(['StaticCallFuncKept']);
  });

  it('SC-9: sets func, then the trampoline, then the sites node by node, newest first, without those in init text', () => {
    const machine = new Machine(near());
    load(machine, 'mod_a');
    load(machine, 'mod_b');
    const events = update(machine, FUNCS.image, '_printk');
    expect(types(events)[0]).toBe('StaticCallFuncSet');
    const patches = only(events, 'StaticCallPatched');
    expect(patches.map(({ what }) => what)).toEqual(['trampoline', ...patches.slice(1).map(() => 'site')]);
    expect([...new Set(patches.slice(1).map(({ owner }) => owner))]).toEqual(['mod_b', 'mod_a']);
    // Six sites, two of them in init text.
    expect(patches).toHaveLength(1 + 2 * 4);
  });

  it('SC-10: made by an init function reaches the sites in init text; one made by an exit function comes before the nodes leave', () => {
    const machine = new Machine(near());
    const loaded = load(machine, 'mod_a', { init: { updates: [{ key: '_printk', func: FUNCS.image }] } });
    const at = loaded.findIndex(({ type }) => type === 'StaticCallFuncSet');
    expect(loaded.slice(at).filter(({ type }) => type === 'StaticCallPatched')).toHaveLength(1 + 6);
    expect(one(loaded, 'StaticCallFuncSet').by).toBe('init of mod_a');
    const unloaded = machine.do({
      type: 'unload',
      module: 'mod_a',
      exit: { updates: [{ key: '_printk', func: '_printk' }] },
    });
    expect(types(unloaded).filter((type) => !type.startsWith('Memory'))).toEqual([
      'ModuleGoing',
      'StaticCallFuncSet',
      ...Array(5).fill('StaticCallPatched'),
      'SiteModsFreed',
      'ModuleGone',
    ]);
    expect(one(unloaded, 'StaticCallFuncSet').by).toBe('exit of mod_a');
  });

  it('SC-11: made by an init function that then fails stays made', () => {
    const machine = new Machine(near());
    const events = load(machine, 'mod_a', { init: { result: 'EIO', updates: [{ key: 'kfree', func: FUNCS.image }] } });
    expect(failure(events).step).toBe('init');
    expect(one(events, 'SiteModsFreed').keys).toEqual([...KEY_NAMES]);
    expect(machine.state.staticCalls?.keys.get('kfree')?.func).toBe(fromHex(FUNCS.image));
    expect(modsOf(machine.state, 'kfree')).toEqual([]);
  });

  it('SC-12: of a key that is not there, or to a function that nobody has, is refused and changes nothing', () => {
    const machine = new Machine(near());
    const before = machine.state;
    expect(machine.decide({ type: 'update', key: 'nobody', func: '0x0' })).toMatchObject({
      ok: false,
      code: 'no-such-key',
    });
    expect(machine.decide({ type: 'update', key: 'kfree', func: 'nobody' })).toMatchObject({
      ok: false,
      code: 'bad-command',
    });
    const blob = machine.put(calls('mod_a'));
    const init = { updates: [{ key: 'nobody', func: '0x0' }] };
    expect(machine.decide({ type: 'load', blob, init })).toMatchObject({ ok: false, code: 'no-such-key' });
    expect(machine.state).toBe(before);
    load(machine, 'mod_a');
    expect(machine.modules()).toEqual(['mod_a']);
  });

  it('SC-13: says of each patch what was and is there, why, how far it is, and how it is made', () => {
    const machine = new Machine(near());
    load(machine, 'mod_a');
    const patch = only(update(machine, FUNCS.beyond), 'StaticCallPatched');
    const [tramp, site] = patch;
    expect(tramp).toMatchObject({ what: 'trampoline', owner: 'vmlinux', address: toHex(trampOf('kfree')) });
    expect(site).toMatchObject({
      what: 'site',
      owner: 'mod_a',
      to: [machine.state.profile?.source.symbols.kfree, toHex(trampOf('kfree'))],
      inReach: false,
      hops: [1, 2],
      class: 'veneer',
      atomicity: 'single-word',
      reason: expect.stringContaining('out of reach: through the trampoline'),
    });
    expect(site?.distance).toBe(fromHex(FUNCS.beyond) - fromHex(site?.address ?? ''));
    expect(site?.text[1]).toBe(`b ${toHex(trampOf('kfree'))}`);
  });
});

it('SC-14: a machine without static calls has none of these events', () => {
  const { staticCall: _, staticCalls: __, ...profile } = near();
  const machine = new Machine(profile);
  expect(types(load(machine, 'mod_a')).filter((type) => /StaticCall|SiteMod/.test(type))).toEqual([]);
  expect(machine.state.staticCalls).toBeUndefined();
});
