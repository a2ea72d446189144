import { describe, expect, it } from 'vitest';
import { disassembly, trace } from '../../../daemon/kernel/inspect/trace.ts';
import { readText } from '../../../daemon/kernel/static-call/state.ts';
import { toHex } from '../../../protocol/address.ts';
import { DisassemblySchema, TraceSchema } from '../../../protocol/inspect.ts';
import { validator } from '../../../protocol/validate.ts';
import { boot, example, load, must, run, section, subject, type World } from './machine.ts';

const validTrace = validator(TraceSchema, 'answer');
const validDisassembly = validator(DisassemblySchema, 'answer');
const POSITION = { epoch: 'epoch0000', commit: 2 };

function liveSites({ state }: World) {
  const calls = state.staticCalls;
  if (!calls) throw new Error('no static calls');
  return [...(calls.tables.get('calls') ?? [])].flatMap(([key, sites]) =>
    sites.filter(({ init }) => !init).map((site) => ({ key, site })),
  );
}

describe('trace', () => {
  it('TRACE-1: of every site it takes the branches of the model, and says whether it arrives at key.func', () => {
    for (const place of ['near', 'far'] as const) {
      for (const staticCall of ['out-of-line', 'inline-defuse', 'inline-poison', 'literal'] as const) {
        const world = boot({ ...example(place), staticCall });
        load(world, 'calls.ko');
        const { start } = section(world, 'calls', '.text');
        for (const func of ['_printk', toHex(start + 0x44), '0xffff800008500000']) {
          run(world, { type: 'update', key: '_printk', func });
          const calls = world.state.staticCalls;
          for (const { key: name, site } of liveSites(world)) {
            const answer = must(trace(subject(world), site.address));
            expect(validTrace({ position: POSITION, ...answer })).toMatchObject({ ok: true });
            const key = calls?.keys.get(name);
            if (!calls || !key) throw new Error(name);
            const route = calls.arch.route(site.address, key, (at, size) => readText(calls, at, size));
            expect([answer.branches, answer.class]).toEqual([route.branches.length, route.class]);
            expect(answer.arrives).toBe(route.class !== 'trapped');
            expect(answer.hops.map(({ instructions }) => instructions.at(-1)?.address)).toEqual(
              answer.class === 'trapped' ? expect.anything() : route.branches.map(toHex),
            );
          }
        }
      }
    }
  });

  it('TRACE-2: each hop is disassembled with its place, its symbols and what it reads', () => {
    const world = boot({ ...example('far'), staticCall: 'literal' });
    load(world, 'calls.ko');
    const { start } = section(world, 'calls', '.text');
    const answer = must(trace(subject(world), start));
    expect(answer.symbol).toBe('first [calls]');
    expect(answer.hops.map(({ place }) => place)).toEqual(['site', 'plt', 'trampoline']);
    expect(answer.hops[2]?.instructions.map(({ text }) => text.split(' ')[0])).toEqual(['bti', 'adrp', 'ldr', 'br']);
    expect(answer.hops[2]?.reads).toEqual([{ address: '0xffff80000a000000', value: answer.end?.address }]);
    expect(answer.end).toMatchObject({ symbol: '_printk', instructions: [] });
  });

  it('TRACE-3: an ordinary branch, a PLT entry and a trampoline can be followed, too; what branches nowhere is refused', () => {
    const { staticCall: _, staticCalls: __, ...plain } = example('far');
    const world = boot(plain);
    load(world, 'calls.ko');
    const { start } = section(world, 'calls', '.text');
    const far = must(trace(subject(world), start));
    expect(far).toMatchObject({ key: null, branches: 2, class: 'veneer', end: { symbol: '_printk' } });
    const entry = must(trace(subject(world), section(world, 'calls', '.plt').start));
    expect(entry).toMatchObject({ branches: 1, class: 'direct' });
    expect(must(trace(subject(world), start + 0x20)).end?.symbol).toMatch(/ \[calls\]$/);
    const other = section(world, 'calls', '.gnu.linkonce.this_module');
    expect(trace(subject(world), other.start)).toMatchObject({ ok: false, code: 'bad-command' });
    expect(trace(subject(world), -0x7ffff7000000)).toMatchObject({ ok: false, code: 'not-found' });
  });

  it('TRACE-4: NULL calls nothing, a poisoned trampoline traps', () => {
    const world = boot({ ...example('far'), staticCall: 'inline-poison' });
    load(world, 'calls.ko');
    const { start } = section(world, 'calls', '.text');
    expect(must(trace(subject(world), start))).toMatchObject({ class: 'trapped', end: null, arrives: false });
    run(world, { type: 'update', key: '_printk', func: '0x0' });
    expect(must(trace(subject(world), start))).toMatchObject({
      class: 'none',
      end: null,
      expected: null,
      arrives: true,
    });
  });

  it('TRACE-5: without the files of modules a site is followed by what events say, and other code is refused by name', () => {
    const world = boot(example('far'));
    load(world, 'calls.ko');
    const { start } = section(world, 'calls', '.text');
    const none = new Map([...world.blobs.keys()].map((blob) => [blob, undefined]));
    const answer = must(trace(subject(world, none), start));
    expect(answer).toMatchObject({ branches: 3, arrives: true });
    expect(answer.notes.join()).toMatch(/the file of calls/);
    expect(trace(subject(world, none), start + 0x10)).toMatchObject({ ok: false, code: 'no-such-blob' });
    expect(disassembly(subject(world, none), start + 0x10, 4)).toMatchObject({ ok: false, code: 'no-such-blob' });
  });

  it('TRACE-6: disassembly is of live memory, in order, as many instructions as asked for, up to the end of the section', () => {
    const world = boot(example('near'));
    load(world, 'calls.ko');
    const { start, size } = section(world, 'calls', '.text');
    const all = must(disassembly(subject(world), start, 256));
    expect(validDisassembly({ position: POSITION, ...all })).toMatchObject({ ok: true });
    expect(all.instructions).toHaveLength(size / 4);
    expect(all.instructions.map(({ address }) => address)).toEqual(
      Array.from({ length: size / 4 }, (_, i) => toHex(start + i * 4)),
    );
    expect(must(disassembly(subject(world), start, 2)).instructions).toEqual(all.instructions.slice(0, 2));
  });
});
