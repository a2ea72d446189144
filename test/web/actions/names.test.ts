import fc from 'fast-check';
import { Check } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { freeName, isModuleFile, isSessionFile, nameOfSession } from '../../../clients/web/actions/names.ts';
import { inOrder, needsOf } from '../../../clients/web/actions/needs.ts';
import { MachineNameSchema } from '../../../protocol/schema.ts';
import { fixture } from '../../fixtures/fixtures.ts';

describe('names', () => {
  it('PAGE-64: a session becomes the machine that its file is called, whatever that is', () => {
    expect(nameOfSession('Far away (2).veneer.jsonl.gz')).toBe('far-away-2-');
    expect(nameOfSession('lab.jsonl')).toBe('lab');
    expect(nameOfSession('.jsonl')).toBe('session');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(Check(MachineNameSchema, nameOfSession(`${name}.veneer.jsonl.gz`))).toBe(true);
      }),
    );
  });

  it('PAGE-64: a name that is taken gets the next free number, and stays a name', () => {
    expect(freeName('lab', new Set())).toBe('lab');
    expect(freeName('lab', new Set(['lab', 'lab-2']))).toBe('lab-3');
    const long = 'x'.repeat(63);
    expect(Check(MachineNameSchema, freeName(long, new Set([long])))).toBe(true);
  });

  it('PAGE-63: module files, manifests and sessions are told apart by what they are called', () => {
    for (const file of ['a.ko', 'a.ko.gz', 'a.ko.xz', 'a.KO.zst', 'a.json']) {
      expect([isModuleFile(file), isSessionFile(file)]).toEqual([true, false]);
    }
    for (const file of ['a.jsonl', 'a.veneer.jsonl.gz']) {
      expect([isModuleFile(file), isSessionFile(file)]).toEqual([false, true]);
    }
    for (const file of ['a.txt', 'a.xz', 'ko', 'a.ko.bz2']) {
      expect([isModuleFile(file), isSessionFile(file)]).toEqual([false, false]);
    }
  });
});

describe('order', () => {
  const module = (name: string, ...needs: string[]) => ({ name, needs });

  it('PAGE-63: what a module needs is read from its file, plain or gzip; of others nothing is known', async () => {
    expect(await needsOf(fixture('chain-c.ko'), 'chain-c.ko')).toEqual(['chain_b', 'chain_a']);
    expect(await needsOf(fixture('hello.ko.gz'), 'hello.ko.gz')).toEqual([]);
    expect(await needsOf(fixture('hello.ko.xz'), 'hello.ko.xz')).toEqual([]);
    expect(await needsOf(new Uint8Array([1, 2, 3]), 'broken.ko.gz')).toEqual([]);
  });

  it('PAGE-63: each comes after those that it needs, those that need one another in the order given', () => {
    const names = (all: readonly { readonly name: string }[]) => inOrder(all as never).map(({ name }) => name);
    expect(names([module('c', 'b', 'a'), module('b', 'a'), module('a')])).toEqual(['a', 'b', 'c']);
    expect(names([module('x', 'y'), module('y', 'x')])).toEqual(['y', 'x']);
    expect(names([module('nls-ascii', 'gone'), module('z', 'nls_ascii')])).toEqual(['nls-ascii', 'z']);
  });

  it('PAGE-63: an order holds each module once, and where needs go one way no need is behind', () => {
    const modules = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 30 });
    fc.assert(
      fc.property(modules, (drawn) => {
        const all = drawn.map((needs, index) =>
          module(`m${index}`, ...needs.filter((n) => n < index).map((n) => `m${n}`)),
        );
        const shuffled = all.toReversed();
        const places = new Map(inOrder(shuffled).map(({ name }, index) => [name, index]));
        expect(places.size).toBe(all.length);
        for (const { name, needs } of all) {
          for (const need of needs) expect(places.get(need)).toBeLessThan(places.get(name) ?? -1);
        }
      }),
    );
  });
});
