/**
 * Loads every module of Debian's kernel package into one machine, as fast as the simulated kernel decides. The bare loop
 * reads and hashes the same files in the same run. Rounds of both alternate and the best of each counts: neighbours on the
 * machine disturb both alike. After the first round files are in the page cache and code is compiled, as in a daemon that has
 * run for a while; what the first load took is told as well.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { decide, initialState, type State } from '../../daemon/kernel/kernel.ts';
import { debianModules } from '../support/debian.ts';
import type { Bench, Row } from './row.ts';

const ROUNDS = 4;
const PROBE_ROUNDS = 31;

interface Totals {
  seconds: number;
  relocations: number;
  loaded: number;
  failed: number;
  veneers: number;
}

export const loadDebian: Bench = async (note) => {
  const files = await debianModules('arm64', 'linux-image-6.1.0-50-arm64', /^linux-image-6\.1\.[\d.-]+-arm64$/);
  note(`${files.length} modules`);
  readAndHash(files); // into the page cache
  const rounds = Array.from({ length: ROUNDS }, () => ({ raw: readAndHash(files), ...loadAll(files) }));
  const first = rounds[0]?.totals.seconds ?? Number.NaN;
  const raw = Math.min(...rounds.map((round) => round.raw));
  const seconds = Math.min(...rounds.map(({ totals }) => totals.seconds));
  const { totals, early, late } = rounds[ROUNDS - 1] as (typeof rounds)[number];
  const { relocations, loaded, failed, veneers } = totals;
  note(`${loaded} loaded, ${failed} refused, ${veneers} veneers`);
  const row = (metric: string, value: number, unit: string, bare: number | null, ratio: number | null): Row => {
    return { bench: 'load-debian', metric, value, unit, raw: bare, ratio };
  };
  return [
    row('total', seconds, 's', raw, raw / seconds),
    row('first', first, 's', raw, raw / first),
    row('modules', files.length / seconds, 'modules/s', files.length / raw, raw / seconds),
    row('relocations', relocations / seconds, 'relocations/s', null, null),
    row('peak-memory', process.resourceUsage().maxRSS / 1024, 'MiB', null, null),
    row('load-after-3600', late * 1e6, 'us', early * 1e6, early / late),
  ];
};

function readAndHash(files: readonly string[]): number {
  const start = performance.now();
  for (const file of files) createHash('sha256').update(readFileSync(file)).digest('hex');
  return (performance.now() - start) / 1000;
}

/** `early` and `late` are the seconds of one and the same load with 100 and with 3,600 modules loaded. */
function loadAll(files: readonly string[]): { totals: Totals; early: number; late: number } {
  const totals: Totals = { seconds: 0, relocations: 0, loaded: 0, failed: 0, veneers: 0 };
  let state = booted();
  let early = 0;
  let late = 0;
  for (const [index, file] of files.entries()) {
    if (index === 100) early = probe(state, files[files.length - 1] as string);
    if (index === 3600) late = probe(state, files[files.length - 1] as string);
    const start = performance.now();
    const next = load(state, file, totals);
    totals.seconds += (performance.now() - start) / 1000;
    state = next;
  }
  return { totals, early, late };
}

function booted(): State {
  const decision = decide(initialState(), { type: 'boot', preset: 'arm64-6.1' }, new Map());
  if (!decision.ok) throw new Error(decision.message);
  return decision.state;
}

function load(state: State, file: string, totals: Totals): State {
  const bytes = readFileSync(file);
  const blob = createHash('sha256').update(bytes).digest('hex');
  const decision = decide(state, { type: 'load', blob, file: basename(file) }, new Map([[blob, bytes]]));
  if (!decision.ok) throw new Error(decision.message);
  for (const event of decision.events) {
    if (event.type === 'RelocationsApplied') totals.relocations += event.relocations;
    else if (event.type === 'VeneerWritten') totals.veneers++;
    else if (event.type === 'ModuleLive') totals.loaded++;
    else if (event.type === 'ModuleLoadFailed') totals.failed++;
  }
  return decision.state;
}

/** Seconds, in the median, that loading `file` takes from `state`, which stays as it is. */
function probe(state: State, file: string): number {
  const bytes = readFileSync(file);
  const blob = createHash('sha256').update(bytes).digest('hex');
  const blobs = new Map([[blob, bytes]]);
  const times = Array.from({ length: PROBE_ROUNDS }, () => {
    const start = performance.now();
    decide(state, { type: 'load', blob, file: basename(file) }, blobs);
    return performance.now() - start;
  });
  return (times.sort((a, b) => a - b)[PROBE_ROUNDS >> 1] as number) / 1000;
}
