/** A log as docs/spec/log.md words it, with no care for speed, and random calls that a store has to answer alike. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { EventLog } from '../../daemon/log/log.ts';

type Model = {
  epoch: string | undefined;
  first: number;
  commits: { id: string; text: string }[];
  snapshots: Map<number, number>;
};

type Call =
  | { readonly call: 'create' | 'remove'; readonly epoch: string; readonly id: string }
  | { readonly call: 'append'; readonly epoch: string; readonly id: string; readonly off: number }
  | { readonly call: 'read'; readonly epoch: string; readonly after: number; readonly limit: number }
  | { readonly call: 'snapshot' | 'trim' | 'latest'; readonly epoch: string; readonly number: number };

// Mostly right epochs and versions, so that logs grow.
const epoch = fc.constantFrom('epoch001', 'epoch001', 'epoch001', 'epoch001', 'epoch002');
const id = fc.integer({ min: 1, max: 60 }).map((n) => `id${n}`);
const number = fc.integer({ min: 0, max: 30 });
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ call: fc.constantFrom('create', 'remove'), epoch, id }) },
  {
    weight: 8,
    arbitrary: fc.record({
      call: fc.constant('append'),
      epoch,
      id,
      off: fc.constantFrom(0, 0, 0, 0, 0, -1, 1, 5),
    }),
  },
  { weight: 3, arbitrary: fc.record({ call: fc.constant('read'), epoch, after: number, limit: fc.nat({ max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ call: fc.constantFrom('snapshot', 'trim', 'latest'), epoch, number }) },
) as fc.Arbitrary<Call>;

export function againstTheModel(log: () => EventLog, fresh: () => string): fc.IAsyncProperty<[Call[]]> {
  return fc.asyncProperty(fc.array(call, { minLength: 20, maxLength: 80 }), async (calls) => {
    const name = fresh();
    const model: Model = { epoch: undefined, first: 1, commits: [], snapshots: new Map() };
    await log().create(name, 'epoch001', { id: 'id0', text: 'zero' });
    answer(model, { call: 'create', epoch: 'epoch001', id: 'id0' });
    for (const [at, one] of calls.entries()) {
      const head = model.first - 1 + model.commits.length;
      expect(await ask(log(), name, one, head), `call ${at}: ${JSON.stringify(one)}`).toEqual(answer(model, one));
    }
  });
}

async function ask(log: EventLog, name: string, one: Call, head: number): Promise<unknown> {
  switch (one.call) {
    case 'create':
      return log.create(name, one.epoch, { id: one.id, text: 'zero' });
    case 'remove':
      return log.remove(name, one.epoch);
    case 'append':
      return log.append(name, one.epoch, Math.max(0, head + one.off), { id: one.id, text: `text of ${one.id}` });
    case 'read':
      return log.read(name, one.epoch, { after: one.after, limit: one.limit });
    case 'snapshot':
      return log.putSnapshot(name, one.epoch, one.number, Uint8Array.of(one.number));
    case 'trim':
      return log.trim(name, one.epoch, one.number);
    case 'latest': {
      const found = await log.latestSnapshot(name, one.epoch, one.number);
      return found && [found.number, found.bytes[0]];
    }
  }
}

function answer(model: Model, one: Call): unknown {
  const head = model.first - 1 + model.commits.length;
  if (one.call === 'create') {
    if (model.epoch !== undefined) {
      const known = model.first === 1 && model.commits[0]?.id === one.id;
      return known
        ? { status: 'duplicate', epoch: model.epoch, number: 1 }
        : { status: 'machine-exists', epoch: model.epoch, head };
    }
    Object.assign(model, { epoch: one.epoch, first: 1, commits: [{ id: one.id, text: 'zero' }], snapshots: new Map() });
    return { status: 'created', epoch: one.epoch, number: 1 };
  }
  if (model.epoch !== one.epoch && one.call === 'latest') return undefined;
  if (model.epoch === undefined) return { status: 'no-such-machine' };
  if (model.epoch !== one.epoch) return { status: 'epoch-changed', epoch: model.epoch };
  switch (one.call) {
    case 'remove':
      model.epoch = undefined;
      return { status: 'removed' };
    case 'append': {
      const known = model.commits.findIndex((c) => c.id === one.id);
      if (known >= 0) return { status: 'duplicate', number: model.first + known };
      if (Math.max(0, head + one.off) !== head) return { status: 'version-conflict', head };
      model.commits.push({ id: one.id, text: `text of ${one.id}` });
      return { status: 'appended', number: head + 1 };
    }
    case 'read': {
      if (one.after < model.first - 1) return { status: 'trimmed', first: model.first };
      if (one.after > head) return { status: 'beyond-head', head };
      const numbered = model.commits.map((c, n) => ({ number: model.first + n, ...c }));
      const limit = Math.max(1, one.limit);
      return { status: 'page', entries: numbered.filter((c) => c.number > one.after).slice(0, limit), head };
    }
    case 'snapshot':
      if (one.number > head) return { status: 'beyond-head', head };
      model.snapshots.set(one.number, one.number);
      return { status: 'stored' };
    case 'trim': {
      const cut = newest(model, one.number);
      if (cut !== undefined && cut >= model.first) {
        model.commits.splice(0, cut + 1 - model.first);
        model.first = cut + 1;
        for (const n of model.snapshots.keys()) if (n < cut) model.snapshots.delete(n);
      }
      return { status: 'trimmed', first: model.first };
    }
    case 'latest': {
      const found = newest(model, one.number);
      return found === undefined ? undefined : [found, model.snapshots.get(found)];
    }
  }
}

function newest(model: Model, atOrBefore: number): number | undefined {
  const numbers = [...model.snapshots.keys()].filter((n) => n <= atOrBefore);
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}
