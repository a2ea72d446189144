/** The log in memory: for tests, and for machines that need not outlive the process. */
import { Bell } from './bell.ts';
import { listOf } from './damage.ts';
import type { Entry, EventLog, MachineHead } from './log.ts';
import { appendRefusal, gone, isThere, type Known, readRefusal, takePage } from './rules.ts';
import { stagedTwice } from './staging.ts';
import { eventLog } from './store.ts';

type Machine = {
  name: string;
  epoch: string;
  first: number;
  head: number;
  /** The id of commit `head`, which is known after a trim as well. */
  headId: string;
  /** Commits `first` to `head`. */
  entries: Entry[];
  ids: Map<string, number>;
  snapshots: Map<number, Uint8Array>;
};

export function openMemoryLog(): EventLog {
  const machines = new Map<string, Machine>();
  const bell = new Bell();

  const add = (machine: Machine, entry: Entry): void => {
    machine.entries.push(entry);
    machine.ids.set(entry.id, entry.number);
    machine.head = entry.number;
    machine.headId = entry.id;
    bell.ring(machine.name);
  };

  return eventLog({
    listen: (name) => bell.listen(name),

    async create(name, epoch, first) {
      const there = machines.get(name);
      if (there?.ids.get(first.id) === 1) return { status: 'duplicate', epoch: there.epoch, number: 1 };
      if (there !== undefined) return { status: 'machine-exists', epoch: there.epoch, head: there.head };
      const machine: Machine = {
        ...{ name, epoch, first: 1, head: 0, headId: '' },
        ...{ entries: [], ids: new Map(), snapshots: new Map() },
      };
      machines.set(name, machine);
      add(machine, { number: 1, id: first.id, text: first.text });
      return { status: 'created', epoch, number: 1 };
    },

    stage(name, epoch) {
      const entries: Entry[] = [];
      const ids = new Map<string, number>();
      return {
        async append(from, staged) {
          for (const [at, { id, text }] of staged.entries()) {
            if (ids.has(id)) throw stagedTwice(id);
            ids.set(id, from + at);
            entries.push({ number: from + at, id, text });
          }
        },
        async publish(head) {
          const there = machines.get(name);
          if (there !== undefined) return { created: false, epoch: there.epoch, head: there.head };
          const headId = entries.at(-1)?.id ?? '';
          machines.set(name, { name, epoch, first: 1, head, headId, entries, ids, snapshots: new Map() });
          bell.ring(name);
          return { created: true, epoch, head };
        },
        async discard() {},
      };
    },

    async remove(name, epoch) {
      const machine = machines.get(name);
      if (!isThere(machine, epoch)) return gone(machine);
      machines.delete(name);
      bell.ring(name);
      return { status: 'removed' };
    },

    async list() {
      return listOf([...machines.values()].map(headOf));
    },

    async count() {
      return machines.size;
    },

    async head(name) {
      const machine = machines.get(name);
      return machine === undefined ? undefined : headOf(machine);
    },

    async append(name, epoch, expected, entry, expectedId) {
      const machine = machines.get(name);
      if (!isThere(machine, epoch)) return gone(machine);
      const refusal = appendRefusal(machine, expected, expectedId, entry.id, knownIn(machine));
      if (refusal !== undefined) return refusal;
      add(machine, { number: expected + 1, id: entry.id, text: entry.text });
      return { status: 'appended', number: expected + 1 };
    },

    async find(name, epoch, id) {
      const machine = machines.get(name);
      return isThere(machine, epoch) ? machine.ids.get(id) : undefined;
    },

    async read(name, epoch, options) {
      const machine = machines.get(name);
      if (!isThere(machine, epoch)) return gone(machine);
      const refusal = readRefusal(machine, options, knownIn(machine));
      if (refusal !== undefined) return refusal;
      const from = options.after + 1 - machine.first;
      return { status: 'page', entries: takePage(entriesFrom(machine.entries, from), options), head: machine.head };
    },

    async putSnapshot(name, epoch, number, bytes) {
      const machine = machines.get(name);
      if (!isThere(machine, epoch)) return gone(machine);
      if (number > machine.head) return { status: 'beyond-head', head: machine.head };
      machine.snapshots.set(number, Uint8Array.from(bytes));
      return { status: 'stored' };
    },

    async latestSnapshot(name, epoch, atOrBefore) {
      const machine = machines.get(name);
      if (!isThere(machine, epoch)) return undefined;
      const number = newestSnapshot(machine, atOrBefore);
      const bytes = machine.snapshots.get(number);
      return bytes === undefined ? undefined : { number, bytes: Uint8Array.from(bytes) };
    },

    async snapshots(name, epoch) {
      const machine = machines.get(name);
      return isThere(machine, epoch) ? [...machine.snapshots.keys()].sort((a, b) => a - b) : [];
    },

    async trim(name, epoch, upTo) {
      const machine = machines.get(name);
      if (!isThere(machine, epoch)) return gone(machine);
      const cut = newestSnapshot(machine, upTo);
      if (cut >= machine.first) {
        for (const entry of machine.entries.splice(0, cut + 1 - machine.first)) machine.ids.delete(entry.id);
        machine.first = cut + 1;
        for (const number of machine.snapshots.keys()) if (number < cut) machine.snapshots.delete(number);
      }
      return { status: 'trimmed', first: machine.first };
    },

    async check() {},

    async close() {
      bell.ringAll();
    },
  });
}

function headOf({ name, epoch, first, head }: Machine): MachineHead {
  return { name, epoch, first, head };
}

function knownIn({ ids, head, headId }: Machine): Known {
  return (id) => ids.get(id) ?? (id === headId ? head : undefined);
}

/** -1 if there is none. */
function newestSnapshot(machine: Machine, atOrBefore: number): number {
  let newest = -1;
  for (const number of machine.snapshots.keys()) if (number <= atOrBefore && number > newest) newest = number;
  return newest;
}

function* entriesFrom(entries: readonly Entry[], from: number): Generator<Entry> {
  for (let at = from; at < entries.length; at++) {
    const entry = entries[at];
    if (entry !== undefined) yield entry;
  }
}
