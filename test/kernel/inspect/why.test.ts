import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../protocol/address.ts';
import { WhySchema } from '../../../protocol/inspect.ts';
import { validator } from '../../../protocol/validate.ts';
import { ask, boot, example, load, run, section, subject } from './machine.ts';

const valid = validator(WhySchema, 'answer');

function farMachine() {
  const world = boot(example('far'));
  load(world, 'calls.ko');
  return world;
}

describe('why', () => {
  it('WHY-1: a site tells its file, its relocation with the PLT entry, and every patch with command and reason', () => {
    const world = farMachine();
    const { start } = section(world, 'calls', '.text');
    const plt = section(world, 'calls', '.plt');
    run(world, { type: 'update', key: '_printk', func: toHex(start + 0x44) });
    run(world, { type: 'update', key: '_printk', func: '0x0' });
    const answer = ask(world, start + 2);
    expect(answer.place).toMatchObject({
      kind: 'site',
      key: '_printk',
      owner: 'calls',
      address: toHex(start),
      size: 4,
    });
    expect(answer.place.section).toMatchObject({ name: '.text', offset: 2 });
    expect(answer.writes.map(({ what, commit, cause }) => [what, commit, cause])).toEqual([
      ['file', 2, 'load calls.ko'],
      ['relocation', 2, 'load calls.ko'],
      ['patch', 3, `update _printk ${toHex(start + 0x44)}`],
      ['patch', 4, 'update _printk 0x0'],
    ]);
    expect(answer.writes[1]?.relocation).toMatchObject({
      type: 'R_AARCH64_CALL26',
      symbol: '_printk',
      addend: 0,
      section: '.text',
      offset: 0,
      value: '0xffff800008cf0000',
      from: 'vmlinux',
    });
    const veneer = answer.writes[1]?.relocation?.veneer ?? '0x0';
    expect(BigInt(veneer)).toBeGreaterThanOrEqual(BigInt(toHex(plt.start)));
    expect(answer.writes[3]).toMatchObject({ text: [`bl ${toHex(start + 0x44)}`, 'nop'], patch: { class: 'none' } });
    expect([answer.bytes, answer.text]).toEqual(['1f2003d5', 'nop']);
  });

  it('WHY-2: a PLT entry tells which branch asked for it, by relocation; a slot that nobody asked for says so', () => {
    const world = farMachine();
    const text = section(world, 'calls', '.text');
    const plt = section(world, 'calls', '.plt');
    const asked = ask(world, text.start).writes[1]?.relocation?.veneer ?? '0x0';
    const answer = ask(world, Number(BigInt.asIntN(64, BigInt(asked))) + 5);
    expect(answer.place).toMatchObject({ kind: 'plt', size: 12 });
    expect(answer.writes).toHaveLength(1);
    expect(answer.writes[0]).toMatchObject({
      what: 'plt',
      veneer: {
        symbol: '_printk',
        site: toHex(text.start),
        asked: { type: 'R_AARCH64_CALL26', symbol: '_printk', offset: 0 },
      },
    });
    expect(answer.writes[0]?.bytes[1]).toBe(answer.bytes);
    const unused = ask(world, plt.start + plt.size - 1);
    expect(unused.writes).toEqual([]);
    expect(unused.notes.join()).toMatch(/no branch asked for this slot/);
  });

  it('WHY-3: trampoline, literal and key of the kernel begin with boot, and each change follows', () => {
    const world = boot({ ...example('far'), staticCall: 'literal' });
    run(world, { type: 'update', key: 'kfree', func: '0xffff800008123450' });
    const trampoline = ask(world, -0x7ffff730ffe4);
    expect(trampoline.place).toMatchObject({ kind: 'trampoline', key: 'kfree', owner: 'vmlinux', size: 16 });
    expect(trampoline.writes.map(({ what }) => what)).toEqual(['boot']);
    const literal = ask(world, -0x7ffff5fffff8 + 7);
    expect(literal.place).toMatchObject({ kind: 'literal', key: 'kfree' });
    expect(literal.writes.map(({ what }) => what)).toEqual(['boot', 'patch']);
    expect(literal.text).toBe('.quad 0xffff800008123450');
    const key = ask(world, -0x7ffff600ffe0);
    expect(key.place).toMatchObject({ kind: 'key', key: 'kfree' });
    expect(key.writes.map(({ what, text }) => [what, text[1]])).toEqual([
      ['boot', expect.stringMatching(/^\.quad 0xffff8000/)],
      ['func', '.quad 0xffff800008123450'],
    ]);
  });

  it('WHY-4: of every word of a module the last write is what stands there', () => {
    for (const name of ['near', 'far'] as const) {
      const world = boot(example(name));
      load(world, 'calls.ko');
      run(world, { type: 'update', key: 'kfree', func: '_printk' });
      for (const part of ['.text', '.text.other', '.exit.text']) {
        const { start, size } = section(world, 'calls', part);
        for (let at = start; at < start + size; at += 4) {
          const answer = ask(world, at);
          expect(answer.bytes).toBe(subject(world).memory.read(at, 4));
          expect(answer.writes.at(-1)?.bytes[1], toHex(at)).toBe(answer.bytes);
          for (const [i, write] of answer.writes.entries()) {
            if (i > 0) expect(write.bytes[0], toHex(at)).toBe(answer.writes[i - 1]?.bytes[1]);
          }
        }
      }
    }
  });

  it('WHY-5: memory that was given back tells who had it, and a new tenant begins anew', () => {
    const world = farMachine();
    const { start } = section(world, 'calls', '.text');
    run(world, { type: 'unload', module: 'calls' });
    const gone = ask(world, start);
    expect(gone.place.kind).toBe('free');
    expect(gone.notes.join()).toMatch(/calls \(core\) had this memory until commit 3 \(unload calls\) freed it/);
    load(world, 'hello.ko');
    const again = ask(world, start);
    expect(again.place.owner).toBe('hello');
    expect(again.writes.map(({ commit }) => commit).every((commit) => commit === 4)).toBe(true);
    expect(again.notes.join()).toMatch(/others had this memory before/);
  });

  it('WHY-6: without the file of the module, what events say is told, and what is missing', () => {
    const world = farMachine();
    const { start } = section(world, 'calls', '.text');
    run(world, { type: 'update', key: '_printk', func: toHex(start + 0x44) });
    const none = new Map([...world.blobs.keys()].map((blob) => [blob, undefined]));
    const answer = ask(world, start, none);
    expect(answer.place).toMatchObject({ kind: 'site', key: '_printk' });
    expect(answer.writes.map(({ what }) => what)).toEqual(['patch']);
    expect(answer.text).toBe(`bl ${toHex(start + 0x44)}`);
    expect(answer.notes.join()).toMatch(/the file of calls \(sha256 [0-9a-f]{64}\) is not stored/);
    const plt = ask(world, section(world, 'calls', '.plt').start, none);
    expect(plt.writes[0]).toMatchObject({ what: 'plt', veneer: { asked: null } });
    expect(plt.text).toMatch(/^adrp x16/);
  });

  it('WHY-7: any address has an answer of the form that the protocol says', () => {
    const world = farMachine();
    const { start } = section(world, 'calls', '.text');
    const near = fc.integer({ min: -0x1000, max: 0x9000 }).map((offset) => start + offset);
    const kernel = fc.integer({ min: 0, max: 0x40 }).map((offset) => -0x7ffff7310000 + offset);
    const any = fc.integer({ min: -(2 ** 47), max: 2 ** 47 });
    fc.assert(
      fc.property(fc.oneof(near, kernel, any), (address) => {
        const answer = { position: { epoch: 'epoch0000', commit: 2 }, ...ask(world, address) };
        expect(valid(JSON.parse(JSON.stringify(answer)))).toMatchObject({ ok: true });
      }),
      { numRuns: 200 },
    );
  });

  it('WHY-8: what the loader does after relocation is told apart from it', () => {
    const world = boot({ arch: 'x86-64', layout: 'linux-6.1', vermagic: '6.1.0-fixture SMP mod_unload ' });
    load(world, 'x86-64-hello.ko');
    const { start } = section(world, 'hello', '.text');
    const call = ask(world, start + 2);
    expect(call.place).toMatchObject({ kind: 'section', address: toHex(start), size: 5 });
    expect(call.writes.map(({ what }) => what)).toEqual(['file', 'relocation']);
    expect(call.writes[1]?.relocation).toMatchObject({
      type: 'R_X86_64_PLT32',
      symbol: '_printk',
      addend: -4,
      offset: 1,
    });
    const data = section(world, 'hello', '.data');
    expect(ask(world, data.start + 3)).toMatchObject({
      place: { address: toHex(data.start), size: 8 },
      writes: [
        { what: 'file' },
        { what: 'relocation', relocation: { type: 'R_X86_64_64', symbol: 'hello_work', addend: 4 } },
      ],
    });
  });
});
