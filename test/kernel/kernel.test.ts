import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, evolve, initialState, type State } from '../../daemon/kernel/kernel.ts';
import type { Command } from '../../protocol/commands.ts';
import { type Commit, CommitSchema } from '../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../protocol/commit-version.ts';
import type { ModuleManifest } from '../../protocol/manifest.ts';
import { validator } from '../../protocol/validate.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest, viewFromJson, viewJson } from '../../protocol/view/json.ts';
import type { View } from '../../protocol/view/types.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { LAYOUTS, manifestBytes, profileOf, taken } from './loader/machine.ts';

const FILES = [
  'hello',
  'chain-a',
  'chain-b',
  'chain-c',
  'sections',
  'no-exit',
  'weak',
  'duplicate-export',
  'proprietary',
  'unknown-symbol',
  'unsupported',
  'overflow-abs32',
  'bad-vermagic',
  'common',
  'bare',
] as const;

const blobs = new Map<string, Uint8Array>();
function put(bytes: Uint8Array): string {
  const blob = createHash('sha256').update(bytes).digest('hex');
  blobs.set(blob, bytes);
  return blob;
}
const files = FILES.map((name) => put(fixture(`${name}.ko`)));
const broken = put(fixture('hello.ko').slice(0, 300));

const symbol = fc.constantFrom('a', 'b', 'chain_a', 'chain_b', '_printk');
const sections: readonly ModuleManifest['sections'][number][] = [
  { name: '.text', flags: ['alloc', 'exec'], size: 20_000, align: 16 },
  { name: '.init.text', flags: ['alloc', 'exec'], size: 9000, align: 16 },
  { name: '.bss', type: 'nobits', flags: ['alloc', 'write'], size: 60_000, align: 64 },
  { name: '.data..percpu', flags: ['alloc', 'write'], size: 3000, align: 8 },
  { name: '.rodata', flags: ['alloc'], size: 100, align: 8 },
];
const manifest = fc
  .record({
    name: fc.constantFrom('m0', 'm1', 'm2', 'hello'),
    sections: fc.subarray([...sections]),
    imports: fc.uniqueArray(symbol, { maxLength: 2 }),
    exports: fc.uniqueArray(symbol, { maxLength: 2 }),
  })
  .map(({ exports, ...rest }) => {
    const [first] = rest.sections;
    return put(
      manifestBytes({
        ...rest,
        exports: first ? exports.map((name) => ({ name, section: first.name, offset: 8 })) : [],
      }),
    );
  });

const module = fc.constantFrom(
  'hello',
  'chain_a',
  'chain_b',
  'chain_c',
  'sections',
  'weak',
  'm0',
  'm1',
  'm2',
  'nobody',
);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('load' as const),
      blob: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...files) }, manifest, fc.constant(broken)),
    }),
  },
  fc.record({
    type: fc.constant('load' as const),
    blob: fc.constantFrom(...files),
    init: fc.constant({ result: 'ENODEV' }),
  }),
  { weight: 4, arbitrary: fc.record({ type: fc.constant('unload' as const), module }) },
  fc.record({ type: fc.constant('unload' as const), module, held: fc.constant(true) }),
  fc.record({ type: fc.constant('bookmark' as const), name: fc.constantFrom('a', 'b', 'c'), at: fc.nat(30) }),
);

/** Small windows fill up often, large ones never. */
const machine = fc
  .record({
    layout: fc.constantFrom(...LAYOUTS),
    pages: fc.constantFrom(20, 60, 4000),
    fallback: fc.constantFrom(0, 30, 4000),
    pageSize: fc.constantFrom(4096, 16384, 65536),
  })
  .map(({ layout, ...windows }): Command => ({ type: 'boot', profile: profileOf(layout, windows) }));

const session = fc
  .tuple(machine, fc.array(command, { minLength: 1, maxLength: 30 }))
  .map(([boot, rest]) => [boot, ...rest]);

const isCommit = validator(CommitSchema, 'commit');

/** A state as plain data, in an order that does not depend on how it came about. */
function projection({ region, modules, exports, bookmarks, profile, ...rest }: State): unknown {
  return {
    ...rest,
    profile: profile?.source,
    lazy: region.lazy,
    areas: taken({ region }),
    modules: [...modules.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    exports: [...exports.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    bookmarks: [...bookmarks.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  };
}

interface Live {
  readonly states: readonly State[];
  readonly commits: readonly Commit[];
}

/** Runs a session as the daemon does; `each` sees every decision. */
function run(commands: readonly Command[], each?: (before: State, after: State, commit: Commit) => void): Live {
  const states = [initialState()];
  const commits: Commit[] = [];
  for (const command of commands) {
    const before = states.at(-1) as State;
    const decision = decide(before, command, blobs);
    if (!decision.ok) throw new Error(decision.message);
    const number = commits.length + 1;
    const commit: Commit = {
      v: COMMIT_VERSION,
      number,
      time: number * 1000,
      id: `c${number}`,
      command,
      events: [...decision.events],
    };
    commits.push(commit);
    states.push(decision.state);
    each?.(before, decision.state, commit);
  }
  return { states, commits };
}

const foldAll = (commits: readonly Commit[]): View => commits.reduce(fold, emptyView());

const checked = (property: (commands: readonly Command[]) => void, numRuns = 60) =>
  fc.assert(fc.property(session, property), { numRuns });

describe('the simulated kernel', () => {
  it('EVT-1: folding the events of a decision into the state before gives the state of the decision', () => {
    checked((commands) => {
      run(commands, (before, after, { events }) => {
        expect(projection(events.reduce(evolve, before))).toEqual(projection(after));
      });
    });
  });

  it('EVT-2: the events alone, as JSON, give the same state and the same view as live', () => {
    checked((commands) => {
      const { states, commits } = run(commands);
      const read = JSON.parse(JSON.stringify(commits)) as Commit[];
      const replayed = read.flatMap(({ events }) => events).reduce(evolve, initialState());
      expect(projection(replayed)).toEqual(projection(states.at(-1) as State));
      expect(viewDigest(foldAll(read))).toBe(viewDigest(foldAll(commits)));
      expect(viewJson(foldAll(read))).toEqual(viewJson(foldAll(commits)));
    });
  });

  it('EVT-3: a decision never changes the state that it was given', () => {
    checked((commands) => {
      const seen = new Map<State, string>();
      const { states } = run(commands, (before) => seen.set(before, JSON.stringify(projection(before))));
      for (const state of states) {
        const text = seen.get(state);
        if (text !== undefined) expect(JSON.stringify(projection(state))).toBe(text);
      }
    });
  });

  it('EVT-4: every commit, and so every event, is what the schemas say', () => {
    checked((commands) => {
      for (const commit of run(commands).commits) expect(isCommit(commit)).toEqual({ ok: true, value: commit });
    });
  });

  it('EVT-5: the same commands give the same bytes', () => {
    checked((commands) => {
      expect(JSON.stringify(run(commands).commits)).toBe(JSON.stringify(run(commands).commits));
    }, 20);
  });

  it('PLACE-7: every area is that of a module or lazily freed, and when all is gone the windows are as at boot', () => {
    checked((commands) => {
      const { states } = run(commands);
      for (const state of states) {
        const areas = taken(state);
        const known = [...state.modules.values()].flatMap(({ areas }) => areas).concat(state.region.lazy as never);
        const spans = known.map(({ address, size, guard }) => ({ start: address, end: address + size + guard }));
        expect(areas).toEqual(spans.toSorted((a, b) => a.start - b.start));
        for (const [i, { start }] of areas.entries()) expect(start).toBeGreaterThanOrEqual(areas[i - 1]?.end ?? start);
        expect([...state.modules.values()].every(({ state }) => state === 'LIVE')).toBe(true);
      }
      // no_exit stays for ever; all others can go, users first.
      let last = states.at(-1) as State;
      for (let left = last.modules.size; left > 0; left--) {
        for (const { name } of [...last.modules.values()]) {
          const decision = decide(last, { type: 'unload', module: name }, blobs);
          if (decision.ok) last = decision.state;
        }
      }
      const names = [...last.modules.values()].map(({ name }) => name);
      expect(names.filter((name) => name !== 'no_exit')).toEqual([]);
      if (names.length > 0) return;
      expect(last.exports.size).toBe(0);
      expect(last.percpu).toEqual([]);
      expect(taken(last)).toHaveLength(last.region.lazy.length);
    });
  });

  it('VIEW-3: a view that goes through JSON folds on to the same view', () => {
    checked((commands) => {
      const { commits } = run(commands);
      const half = Math.floor(commits.length / 2);
      const kept = JSON.parse(JSON.stringify(viewJson(foldAll(commits.slice(0, half)))));
      const view = commits.slice(half).reduce(fold, viewFromJson(kept));
      expect(viewJson(view)).toEqual(viewJson(foldAll(commits)));
      expect(viewDigest(view)).toBe(viewDigest(foldAll(commits)));
    });
  });

  it('VIEW-4: the view shows the modules, areas and sums that the kernel has', () => {
    checked((commands) => {
      const { states, commits } = run(commands);
      const view = foldAll(commits);
      const state = states.at(-1) as State;
      expect([...view.modules.keys()].toSorted()).toEqual(
        [...state.modules.values()].map(({ name }) => name).toSorted(),
      );
      for (const module of state.modules.values()) {
        const shown = view.modules.get(module.name);
        expect(shown?.state).toBe(module.state);
        expect(shown?.usedBy.size).toBe(module.users);
        expect(Object.keys(shown?.parts ?? {})).toEqual(module.areas.map(({ part }) => part));
        expect(shown?.sections.every(({ part }) => module.areas.some((area) => area.part === part))).toBe(true);
      }
      const areas = [...state.modules.values()].flatMap(({ areas }) => areas).length + state.region.lazy.length;
      expect(view.areas.size).toBe(areas);
      expect([...view.areas.values()].filter(({ lazy }) => lazy)).toHaveLength(state.region.lazy.length);
      const named = [...view.bookmarks.values()].map(({ name, at }) => [name, at]);
      expect(named.toSorted()).toEqual([...state.bookmarks.entries()].toSorted());
      const modules = [...view.modules.values()];
      const sum = (of: (module: (typeof modules)[number]) => number) => modules.reduce((all, m) => all + of(m), 0);
      expect(view.now).toMatchObject({
        relocations: sum((m) => m.relocations),
        direct: sum((m) => m.branches.direct),
        veneer: sum((m) => m.branches.veneer),
        veneers: sum((m) => m.veneers.length),
      });
    });
  });
});
