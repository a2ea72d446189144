import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandOf, readScenario } from '../../../daemon/headless/scenario.ts';
import { trace } from '../../../daemon/kernel/inspect/trace.ts';
import { readText } from '../../../daemon/kernel/static-call/state.ts';
import { decompressModule } from '../../../daemon/modules/decompress.ts';
import { fromHex, toHex } from '../../../protocol/address.ts';
import { hasTruth, modulesOf, recordings } from '../../support/truth.ts';
import { ask, boot, must, run, subject, type World } from './machine.ts';

const STEPS = 30;
const ASKED = 40;
const PATIENCE = 300_000;

const chosen = hasTruth('TRACE-1 on recorded sessions')
  ? recordings().filter(({ name }) => ['arm64-static-call-inline-defuse', 'x86-static-call-small'].includes(name))
  : [];

async function replay(recording: (typeof chosen)[number]): Promise<World> {
  const scenario = readScenario(readFileSync(recording.scenario, 'utf8'));
  if (!scenario.ok) throw new Error(scenario.message);
  const folder = await modulesOf(recording);
  const world = boot(scenario.value.machine);
  for (const step of scenario.value.steps.slice(0, STEPS)) {
    let blob = '';
    if (step.op === 'load') {
      const bytes = await decompressModule(await readFile(join(folder, step.module)), { name: step.module });
      blob = createHash('sha256').update(bytes).digest('hex');
      world.blobs.set(blob, bytes);
    }
    run(world, commandOf(step, () => blob) as Parameters<typeof run>[1]);
  }
  return world;
}

describe.skipIf(chosen.length === 0)('recorded sessions', { timeout: PATIENCE }, () => {
  it.each(chosen)(
    "TRACE-1, WHY-4: $name: traces are the model's routes, and last writes are what stands there",
    async (recording) => {
      const world = await replay(recording);
      const calls = world.state.staticCalls;
      if (!calls) throw new Error('no static calls');
      const sites = [...calls.tables.values()].flatMap((table) =>
        [...table].flatMap(([key, list]) => list.filter(({ init }) => !init).map((site) => ({ key, site }))),
      );
      const asked = subject(world);
      for (const [index, { key: name, site }] of sites.entries()) {
        if (index % Math.ceil(sites.length / ASKED) !== 0) continue;
        const key = calls.keys.get(name);
        if (!key) throw new Error(name);
        const route = calls.arch.route(site.address, key, (at, size) => readText(calls, at, size));
        const answer = must(trace(asked, site.address));
        expect([answer.branches, answer.class, answer.arrives]).toEqual([route.branches.length, route.class, true]);
        expect(answer.end === null ? undefined : fromHex(answer.end.address)).toBe(route.end);
        const why = ask(world, site.address);
        expect(why.writes.at(-1)?.bytes[1], toHex(site.address)).toBe(why.bytes);
      }
    },
  );
});
