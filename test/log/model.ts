/** A log as docs/spec/log.md words it, with no care for speed, and random calls that a store has to answer alike. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { EventLog } from '../../daemon/log/log.ts';

type Model = {
  epoch: string | undefined;
  first: number;
  /** The id of the last commit, which is known when it was trimmed as well. */
  headId: string;
  commits: { id: string; text: string }[];
  snapshots: Map<number, number>;
};

/** What a writer or reader says of the commit that it builds on: its id, another one's, or nothing. */
type Seen = 'right' | 'wrong' | undefined;
/** `off`: how far the expected version is from the one that all before it lead to. */
type Append = { readonly id: string; readonly off: number; readonly seen: Seen };

type Call =
  | { readonly call: 'create' | 'remove'; readonly epoch: string; readonly id: string }
  | { readonly call: 'find'; readonly epoch: string; readonly id: string }
  /** Sent at once, without waiting for each other's answers. */
  | { readonly call: 'appends'; readonly epoch: string; readonly appends: readonly Append[] }
  | { readonly call: 'read'; readonly epoch: string; readonly after: number; readonly limit: number; seen: Seen }
  | { readonly call: 'snapshot' | 'trim' | 'latest'; readonly epoch: string; readonly number: number };

// Mostly right epochs and versions, so that logs grow.
const epoch = fc.constantFrom('epoch001', 'epoch001', 'epoch001', 'epoch001', 'epoch002');
const id = fc.integer({ min: 1, max: 60 }).map((n) => `id${n}`);
const number = fc.integer({ min: 0, max: 30 });
const seen = fc.constantFrom<Seen[]>(undefined, 'right', 'right', 'wrong');
const append: fc.Arbitrary<Append> = fc.record({ id, off: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, -1, 1, 5), seen });
const appends = fc.oneof(fc.array(append, { minLength: 1, maxLength: 1 }), fc.array(append, { maxLength: 8 }));
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ call: fc.constantFrom('create', 'remove'), epoch, id }) },
  { weight: 8, arbitrary: fc.record({ call: fc.constant('appends'), epoch, appends }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('find'), epoch, id }) },
  {
    weight: 3,
    arbitrary: fc.record({ call: fc.constant('read'), epoch, after: number, limit: fc.nat({ max: 5 }), seen }),
  },
  { weight: 3, arbitrary: fc.record({ call: fc.constantFrom('snapshot', 'trim', 'latest'), epoch, number }) },
) as fc.Arbitrary<Call>;

export function againstTheModel(log: () => EventLog, fresh: () => string): fc.IAsyncProperty<[Call[]]> {
  return fc.asyncProperty(fc.array(call, { minLength: 20, maxLength: 80 }), async (calls) => {
    const name = fresh();
    const model: Model = { epoch: undefined, first: 1, headId: '', commits: [], snapshots: new Map() };
    await log().create(name, 'epoch001', { id: 'id0', text: 'zero' });
    answer(model, { call: 'create', epoch: 'epoch001', id: 'id0' });
    for (const [at, one] of calls.entries()) {
      const asked = ask(log(), name, one, { ...model, commits: [...model.commits] });
      expect(await asked, `call ${at}: ${JSON.stringify(one)}`).toEqual(answer(model, one));
    }
  });
}

async function ask(log: EventLog, name: string, one: Call, model: Model): Promise<unknown> {
  switch (one.call) {
    case 'create':
      return log.create(name, one.epoch, { id: one.id, text: 'zero' });
    case 'remove':
      return log.remove(name, one.epoch);
    case 'find':
      return log.find(name, one.epoch, one.id);
    case 'appends':
      return Promise.all(
        expectations(model, one).map(({ id, expected, expectedId }) =>
          log.append(name, one.epoch, expected, { id, text: `text of ${id}` }, expectedId),
        ),
      );
    case 'read':
      return log.read(name, one.epoch, {
        after: one.after,
        limit: one.limit,
        afterId: seenId(model, one.after, one.seen),
      });
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

/** What the appends of one call expect: each what the ones before it lead to if they are done, give or take. */
function expectations(model: Model, { appends, epoch }: Call & { call: 'appends' }) {
  const hoped: Model = { ...model, commits: [...model.commits] };
  return appends.map(({ id, off, seen }) => {
    const head = headOf(hoped);
    const expected = Math.max(0, head + off);
    const expectedId = seenId(hoped, expected, seen);
    if (model.epoch === epoch) appendTo(hoped, id, expected, expectedId);
    return { id, expected, expectedId };
  });
}

function seenId(model: Model, number: number, seen: Seen): string | undefined {
  if (seen === 'wrong') return 'id99';
  return seen === undefined ? undefined : idAt(model, number);
}

function idAt(model: Model, number: number): string | undefined {
  return number === headOf(model) ? model.headId : model.commits[number - model.first]?.id;
}

/** Whether commit `number` is the one that was named; nobody knows of those that were trimmed. */
function isThere(model: Model, number: number, id: string | undefined): boolean {
  return id === undefined || idAt(model, number) === undefined || idAt(model, number) === id;
}

function headOf(model: Model): number {
  return model.first - 1 + model.commits.length;
}

function appendTo(model: Model, id: string, expected: number, expectedId: string | undefined): unknown {
  const head = headOf(model);
  const known = model.commits.findIndex((c) => c.id === id);
  if (known >= 0) return { status: 'duplicate', number: model.first + known };
  if (expected !== head || !isThere(model, head, expectedId)) return { status: 'version-conflict', head };
  model.commits.push({ id, text: `text of ${id}` });
  model.headId = id;
  return { status: 'appended', number: head + 1 };
}

function answer(model: Model, one: Call): unknown {
  const head = headOf(model);
  if (one.call === 'create') {
    if (model.epoch !== undefined) {
      const known = model.first === 1 && model.commits[0]?.id === one.id;
      return known
        ? { status: 'duplicate', epoch: model.epoch, number: 1 }
        : { status: 'machine-exists', epoch: model.epoch, head };
    }
    const commits = [{ id: one.id, text: 'zero' }];
    Object.assign(model, { epoch: one.epoch, first: 1, headId: one.id, commits, snapshots: new Map() });
    return { status: 'created', epoch: one.epoch, number: 1 };
  }
  if (model.epoch !== one.epoch) {
    if (one.call === 'latest' || one.call === 'find') return undefined;
    const { epoch } = model;
    const gone = epoch === undefined ? { status: 'no-such-machine' } : { status: 'epoch-changed', epoch };
    return one.call === 'appends' ? one.appends.map(() => gone) : gone;
  }
  switch (one.call) {
    case 'remove':
      model.epoch = undefined;
      return { status: 'removed' };
    case 'find': {
      const at = model.commits.findIndex((c) => c.id === one.id);
      return at < 0 ? undefined : model.first + at;
    }
    case 'appends':
      return expectations(model, one).map(({ id, expected, expectedId }) => appendTo(model, id, expected, expectedId));
    case 'read': {
      if (one.after < model.first - 1) return { status: 'trimmed', first: model.first };
      if (one.after > head) return { status: 'beyond-head', head };
      if (!isThere(model, one.after, seenId(model, one.after, one.seen))) return { status: 'history-lost', head };
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
