/**
 * The allocator against recorded kernels: each session's allocations by size, in order, must land at the addresses where
 * the kernel put them. Sizes, errors and names are taken from the expectation, so that nothing but placement is tested.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { imageData, imageOf } from '../../../daemon/kernel/machine/windows.ts';
import { readProfile } from '../../../daemon/kernel/profile.ts';
import {
  type Allocation,
  allocate,
  emptyRegion,
  markFreed,
  markPurged,
  type Region,
} from '../../../daemon/kernel/region/region.ts';
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';

const TRUTH = new URL('../../../../shared/truth/', import.meta.url);
const SESSIONS = [
  'arm64-near',
  'arm64-exhausted',
  'arm64-exhausted-a53',
  'arm64-6.12-near',
  'arm64-6.12-exhausted',
  'x86-static-call',
  'x86-static-call-small',
  'x86-6.12-static-call',
];

interface Scenario {
  readonly machine: MachineProfile;
  readonly steps: readonly {
    readonly op: 'load' | 'unload' | 'update';
    readonly name?: string;
    readonly fallbackAt?: Readonly<Record<string, string>>;
  }[];
}

interface Expected {
  readonly steps: readonly {
    readonly error: string | null;
    readonly allocations?: Readonly<Record<string, { address: string; size: number; window: string }>>;
    readonly module?: { readonly name: string };
  }[];
}

describe.each(SESSIONS)('%s', (session) => {
  const folder = new URL(`${session}/`, TRUTH);
  it.skipIf(!existsSync(folder))('PLACE-1: every recorded allocation lands where the kernel put it', () => {
    const scenario = JSON.parse(readFileSync(new URL('scenario.json', folder), 'utf8')) as Scenario;
    const expected = JSON.parse(
      gunzipSync(readFileSync(new URL('expected.json.gz', folder))).toString('utf8'),
    ) as Expected;
    expect(replay(scenario, expected)).toEqual(recorded(expected));
  });
});

function recorded(expected: Expected): readonly string[] {
  return expected.steps.flatMap((step, at) =>
    Object.entries(step.allocations ?? {}).map(([part, { address, window }]) => `${at} ${part} ${address} ${window}`),
  );
}

function replay({ machine, steps }: Scenario, expected: Expected): readonly string[] {
  const profile = readProfile(machine);
  const lazily = profile.arch === 'arm64' && profile.layout === 'linux-6.1';
  const modules = new Map<string, readonly Allocation[]>();
  const placed: string[] = [];
  let region: Region = emptyRegion(profile.reserved, imageData(imageOf(machine), profile.pageSize));
  const giveBack = (areas: readonly Allocation[], lazy: boolean): void => {
    for (const { address, size, guard } of areas) region = markFreed(region, address, size, guard, lazy);
    if (!lazy) region = markPurged(region);
  };

  steps.forEach((step, at) => {
    const outcome = expected.steps[at];
    if (step.op === 'unload' && outcome?.error === null && step.name !== undefined) {
      giveBack(modules.get(step.name) ?? [], false);
      modules.delete(step.name);
    }
    if (step.op !== 'load' || outcome?.allocations === undefined) return;
    const areas = new Map<string, Allocation>();
    for (const [part, { size }] of Object.entries(outcome.allocations)) {
      const hint = step.fallbackAt?.[part];
      const result = allocate(
        region,
        profile.windows,
        profile.pageSize,
        size,
        hint === undefined ? undefined : fromHex(hint),
      );
      if (result.kind !== 'allocated') {
        placed.push(`${at} ${part} ${result.kind}`);
        continue;
      }
      region = result.region;
      areas.set(part, result.allocation);
      placed.push(`${at} ${part} ${toHex(result.allocation.address)} ${result.window}`);
    }
    if (outcome.module === undefined) {
      giveBack([...areas.values()], lazily);
      return;
    }
    region = markPurged(region);
    if (outcome.error !== null) {
      giveBack([...areas.values()], false);
      return;
    }
    const isInit = (part: string) => part.startsWith('init');
    giveBack(
      [...areas].filter(([part]) => isInit(part)).map(([, area]) => area),
      false,
    );
    modules.set(
      outcome.module.name,
      [...areas].filter(([part]) => !isInit(part)).map(([, area]) => area),
    );
  });
  return placed;
}
