/** What real kernels showed of their modules, moment by moment. */
import { beforeAll, describe, expect, it } from 'vitest';
import { moduleFiles } from '../../daemon/headless/host/files.ts';
import { readHost } from '../../daemon/headless/host/read.ts';
import type { HostReadings } from '../../daemon/headless/host/readings.ts';
import { hostSession } from '../../daemon/headless/host/session.ts';
import { type ModuleFile, type Verification, verifyHost } from '../../daemon/headless/host/verify.ts';
import { fromHex, toHex } from '../../protocol/address.ts';
import type { Event, EventOf, EventType } from '../../protocol/events/index.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { type Capture, type CaptureMoment, capture, capturedModules, captureNames } from '../support/captures.ts';
import { hasTruth } from '../support/truth.ts';

const MINUTES = 60_000;

function only<T extends EventType>(events: readonly Event[], type: T): EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}

function told(readings: HostReadings) {
  const session = hostSession(readings);
  const view = emptyView();
  for (const commit of session.commits) fold(view, commit);
  return { ...session, view, events: session.commits.flatMap(({ events }) => events) };
}

function verify(
  view: Parameters<typeof verifyHost>[0],
  files: ReadonlyMap<string, readonly ModuleFile[]>,
): Verification {
  const verified = verifyHost(view, files);
  if (!verified.ok) throw new Error(verified.message);
  return verified.verification;
}

type True = readonly [what: string, module: string, from: number, to: number];

/** What the guest did, as its trace must show it: [load or free, module, from, to]. */
function trueSteps({ session }: Capture, { after_steps }: CaptureMoment): readonly True[] {
  return session.steps.slice(0, after_steps).flatMap(({ op, module, start, end, errno, trace_module_load }): True[] => {
    if (op === 'unload') return errno === 0 ? [['unloaded', module, start, end]] : [];
    if (!trace_module_load) return [];
    const load: True = ['load', module, start, end];
    return errno === 0 ? [load] : [load, ['init-failed', module, start, end]];
  });
}

describe.runIf(hasTruth('what real kernels show of their modules'))('what real kernels show', () => {
  it('TRUTH-2: there are captures beside the recordings', () => {
    if (captureNames().length === 0) process.stderr.write('SKIPPED: no captures in ../shared/truth/captures\n');
  });

  describe.each(captureNames())('%s', (name) => {
    let taken: Capture;
    let files: ReadonlyMap<string, readonly ModuleFile[]>;
    beforeAll(async () => {
      taken = await capture(name);
      const wanted = new Set(taken.session.moments.flatMap((moment) => moment.loaded_newest_first));
      files = await moduleFiles(await capturedModules(taken), wanted);
    }, 15 * MINUTES);

    it('HOST-11, HOST-14: every moment tells loads and unloads in their true order', {
      timeout: 5 * MINUTES,
    }, async () => {
      for (const moment of taken.session.moments.filter(({ uid }) => uid === 0)) {
        const { events, view } = told(await readHost({ root: `${taken.folder}/${moment.dir}` }));
        const seen = events.flatMap((event): (readonly [what: string, module: string, at: number])[] => {
          if (event.type === 'HostModuleLoaded') return [['load', event.module, Number(event.at)]];
          return event.type === 'HostModuleFreed' ? [[event.why, event.module, Number(event.at)]] : [];
        });
        const truth = trueSteps(taken, moment);
        expect(seen.map(([, , at]) => at)).toEqual(seen.map(([, , at]) => at).sort((a, b) => a - b));
        expect(seen.map(([what, module]) => `${what} ${module}`).sort()).toEqual(
          truth.map(([what, module]) => `${what} ${module}`).sort(),
        );
        // Each happened while the guest was at it, which puts all of them in order.
        for (const [what, module, at] of seen) {
          expect(
            truth.some(([w, m, from, to]) => w === what && m === module && from <= at && at <= to),
            `${moment.dir}: ${what} ${module} at ${at}`,
          ).toBe(true);
        }
        expect([...view.modules.keys()].sort()).toEqual([...moment.loaded_newest_first].sort());
        expect([...view.modules.values()].every(({ state }) => state === 'LIVE')).toBe(true);
      }
    });

    it('VERIFY-1, VERIFY-3: every section address is explained or named as stale', {
      timeout: 5 * MINUTES,
    }, async () => {
      for (const moment of taken.session.moments.filter(({ uid }) => uid === 0)) {
        const { view, observed } = told(await readHost({ root: `${taken.folder}/${moment.dir}` }));
        const result = verify(view, files);
        expect(result.modules.flatMap(({ verdict, faults }) => (verdict === 'differs' ? faults : []))).toEqual([]);
        expect(result.faults).toEqual([]);
        expect(result).toMatchObject({ agrees: true, totals: { differs: 0, missing: 0, unknown: 0 } });
        expect(result.totals.agrees).toBeGreaterThan(0);
        const missing = result.modules.filter(({ verdict }) => verdict === 'unverified').map(({ module }) => module);
        if (missing.length > 0)
          process.stderr.write(`SKIPPED: ${name} ${moment.dir}: no file of ${missing.join(', ')}\n`);
        const hashed = moment.vmallocinfo === 'hashed' ? ['/proc/vmallocinfo'] : [];
        expect(observed.lost.map(({ what }) => what)).toEqual(moment.trace_lost ? [...hashed, 'the trace'] : hashed);
      }
    });

    it("HOST-19: modules' areas and the kernel's own are told apart", { timeout: 5 * MINUTES }, async () => {
      for (const moment of taken.session.moments.filter(({ vmallocinfo }) => vmallocinfo === 'real')) {
        const { events } = told(await readHost({ root: `${taken.folder}/${moment.dir}` }));
        const areas = only(events, 'HostAreasObserved').flatMap((event) => event.areas);
        const callers = (own: boolean) => {
          const some = areas.filter(({ owner }) => (owner === 'module') === own);
          return new Set(some.map(({ caller }) => caller?.split('+')[0]));
        };
        // The loader asks for the areas of modules and for no other; none of its areas is left without a module.
        expect(callers(true).size).toBe(1);
        expect([...callers(false)].filter((caller) => callers(true).has(caller))).toEqual([]);
        for (const module of only(events, 'HostModuleObserved')) {
          expect(
            module.areas.reduce((sum, { size }) => sum + size, 0),
            module.module,
          ).toBe(module.coreSize);
        }
      }
    });

    it('VERIFY-2: one altered address is found, and named with where it should be', {
      timeout: 10 * MINUTES,
    }, async () => {
      let turn = 0;
      for (const moment of taken.session.moments.filter(({ uid }) => uid === 0)) {
        const readings = await readHost({ root: `${taken.folder}/${moment.dir}` });
        for (const section of [
          '.text',
          '.data',
          '.note.gnu.build-id',
          '.init.text',
          '.symtab',
          '.gnu.linkonce.this_module',
        ]) {
          const owners = [...readings.modules].filter(
            ([module, { files: has }]) => has.has(`sections/${section}`) && files.has(module),
          );
          const [module, sys] = owners[turn++ % owners.length] ?? [];
          if (!module || !sys) continue;
          const right = String(sys.files.get(`sections/${section}`)).trim();
          const wrong = toHex(fromHex(right) + (turn % 2 === 0 ? 0x40 : -0x1008));
          const altered = { ...sys, files: new Map([...sys.files, [`sections/${section}`, `${wrong}\n`]]) };
          const { view } = told({ ...readings, modules: new Map([...readings.modules, [module, altered]]) });
          const result = verify(view, files);
          expect(result.agrees).toBe(false);
          const faults = result.modules.flatMap((verdict) =>
            verdict.faults.map((fault) => `${verdict.module} ${fault}`),
          );
          expect(faults, `${moment.dir} ${module} ${section}`).toHaveLength(1);
          expect(faults[0]?.startsWith(`${module} ${section}: `)).toBe(true);
          // An init part of one section has no other to say where it should lie.
          if (section !== '.init.text') expect(faults[0]).toContain(right);
        }
      }
    });

    it("HOST-2: of a plain user's moment it is said what cannot be known, and nothing is made up", async () => {
      for (const moment of taken.session.moments.filter(({ uid }) => uid !== 0)) {
        const { commits, events, observed, view } = told(await readHost({ root: `${taken.folder}/${moment.dir}` }));
        expect(JSON.stringify(commits)).not.toMatch(/0xffff/);
        expect(observed.lost.map(({ what }) => what).sort()).toEqual([
          '/proc/kallsyms',
          '/proc/modules',
          '/proc/vmallocinfo',
          '/sys/module/*/sections',
          'the trace',
        ]);
        expect([...view.modules.keys()].reverse()).toEqual(moment.loaded_newest_first);
        expect(only(events, 'HostModuleLoaded').every(({ at, how }) => at === undefined && how === 'listed')).toBe(
          true,
        );
        expect(observed).toMatchObject({
          release: taken.session.kernel,
          arch: taken.session.arch,
          pageSize: taken.session.page_size,
        });
        expect(verify(view, files)).toMatchObject({ agrees: false, totals: { verified: 0, agrees: 0, differs: 0 } });
      }
    });
  });
});
