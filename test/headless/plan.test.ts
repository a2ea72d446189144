import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { helpFor } from '../../daemon/headless/plan/help.ts';
import { booted, type PlanInput } from '../../daemon/headless/plan/input.ts';
import { planOne } from '../../daemon/headless/plan/plan.ts';
import { RunError } from '../../daemon/headless/run-error.ts';
import { decide } from '../../daemon/kernel/kernel.ts';
import { areasIn } from '../../daemon/kernel/region/areas.ts';
import type { Event } from '../../protocol/events/index.ts';
import { crowded, GOOD, inputs, planModule } from './plan-inputs.ts';

const good = GOOD.map(planModule);

describe('a plan', () => {
  it('PLAN-1: is what the same loads come to on that machine', () => {
    fc.assert(
      fc.property(inputs, fc.option(fc.nat(1000)), (input, seed) => {
        const events: (readonly Event[])[] = [];
        const { modules, row } = planOne(input, seed, (_, load) => events.push(load ?? []));
        let state = booted(input, seed);
        for (const [i, { sha256, bytes, file }] of input.modules.entries()) {
          const loaded = decide(state, { type: 'load', blob: sha256, file }, new Map([[sha256, bytes]]));
          if (loaded.ok) state = loaded.state;
          expect(events[i]).toEqual(loaded.ok ? loaded.events : []);
          const failed = events[i]?.find((event) => event.type === 'ModuleLoadFailed');
          expect(modules[i]?.words).toBe(failed?.words);
        }
        expect(row.loaded).toBe(state.modules.size);
        expect(row.loaded + row.failed.length).toBe(input.modules.length);
        expect(row.fits).toBe(row.failed.length === 0);
      }),
      { numRuns: 60 },
    );
  });

  it('PLAN-3: a window is filled by guard pages, init memory and what was freed lazily; the peak is the most at any time', () => {
    fc.assert(
      fc.property(inputs, fc.option(fc.nat(1000)), (input, seed) => {
        const { row, modules } = planOne(input, seed);
        let state = booted(input, seed);
        const used = (window: 'direct' | 'fallback') => {
          const range = state.profile?.windows[window];
          if (!range) return null;
          let sum = 0;
          for (const { start, end } of areasIn(state.region.areas, range.start, range.end))
            sum += Math.min(end, range.end) - Math.max(start, range.start);
          return sum;
        };
        expect({ direct: row.windows.direct?.before ?? null, fallback: row.windows.fallback?.before ?? null }).toEqual({
          direct: used('direct'),
          fallback: used('fallback'),
        });
        for (const [i, { sha256, bytes, file }] of input.modules.entries()) {
          const loaded = decide(state, { type: 'load', blob: sha256, file }, new Map([[sha256, bytes]]));
          if (loaded.ok) state = loaded.state;
          expect(modules[i]?.taken).toEqual({ direct: used('direct'), fallback: used('fallback') });
        }
        for (const window of ['direct', 'fallback'] as const) {
          const fill = row.windows[window];
          if (!fill) continue;
          expect(fill.after).toBe(used(window));
          expect(fill.peak).toBeGreaterThanOrEqual(Math.max(fill.before, fill.after));
          expect(fill.peak).toBeLessThanOrEqual(fill.size);
          expect(fill.largestHole).toBeLessThanOrEqual(fill.size - fill.after);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('PLAN-3: init memory counts at the peak and not after', () => {
    const { row, modules, peaks } = planOne({ boot: { preset: 'arm64-6.1' }, modules: good }, null);
    const { before = 0, peak = 0, after = 0 } = row.windows.direct ?? {};
    expect(after - before).toBe(modules.reduce((sum, { keeps }) => sum + keeps, 0));
    expect(peak).toBeGreaterThan(after);
    expect(peaks.direct).not.toBeNull();
  });

  it('PLAN-4: says what fails first, with errno and the words of the kernel', () => {
    const { row } = planOne({ boot: { profile: crowded(8, null) }, modules: good }, null);
    expect(row.fits).toBe(false);
    expect(row.failed[0]).toMatchObject({ errno: 'ENOMEM', step: 'allocate' });
    expect(row.failed[0]?.words).toMatch(/^vmap allocation for size \d+ failed: use vmalloc=<size> to increase size$/);
  });

  it('PLAN-5: what would help was planned: the least that others give up, and no less', () => {
    const input: PlanInput = { boot: { profile: crowded(8, null) }, modules: good };
    const { row } = planOne(input, null);
    const tried: string[] = [];
    const helps = helpFor(input, null, row, (change) => tried.push(change));
    const less = helps.at(-1);
    expect(less?.row.fits).toBe(true);
    const [, cut = '', total = ''] = /^with (\d+) of (\d+) MiB less reserved by others$/.exec(less?.change ?? '') ?? [];
    expect(Number(cut)).toBeGreaterThan(0);
    expect(Number(cut)).toBeLessThan(Number(total));
    const again = planOne({ ...input, boot: { profile: { ...input.boot.profile, ...less?.profile } } }, null);
    expect(again.row).toEqual(less?.row);
    // The next smaller cut was planned too, and does not do.
    expect(tried.length).toBeGreaterThan(2);
  });

  it('PLAN-5: a change without effect is shown as one', () => {
    const input: PlanInput = { boot: { preset: 'arm64-6.12-64k' }, modules: good };
    const { row } = planOne(input, null);
    const helps = helpFor(input, null, row, () => undefined);
    expect(helps.map(({ change }) => change)).toEqual(['without CONFIG_KALLSYMS_ALL', 'with pages of 4 KiB']);
    expect(helps.every(({ row: { loaded } }) => loaded === row.loaded)).toBe(true);
  });

  it('PLAN-1: refuses a machine that does not boot, with what is wrong', () => {
    expect(() => planOne({ boot: { preset: 'nonesuch' }, modules: [] }, null)).toThrow(RunError);
    expect(() => planOne({ boot: { preset: 'nonesuch' }, modules: [] }, null)).toThrow(/preset is nonesuch/);
  });
});
