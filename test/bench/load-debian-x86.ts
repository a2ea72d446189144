/**
 * Loads every x86-64 module of Debian's kernel package that has static calls, into one machine whose kernel has all the keys
 * that they ask for. The bare loop reads and hashes the same files in the same run.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { EM_X86_64 } from '../../daemon/kernel/elf/constants.ts';
import { readImports } from '../../daemon/kernel/elf/imports.ts';
import { readElf } from '../../daemon/kernel/elf/read.ts';
import { decide, initialState, type State } from '../../daemon/kernel/kernel.ts';
import { inventedSymbol, PRESETS } from '../../daemon/kernel/machine/presets.ts';
import { toHex } from '../../protocol/address.ts';
import type { KeyProfile, MachineProfile } from '../../protocol/profile.ts';
import { debianModules } from '../support/debian.ts';
import type { Bench, Row } from './row.ts';

const PRESET = 'x86-64-6.1';

export const loadDebianX86: Bench = async (note) => {
  const all = await debianModules('amd64', 'linux-image-6.1.0-50-amd64', /^linux-image-6\.1\.[\d.-]+-amd64$/);
  const files = all.filter((file) => readFileSync(file).includes('.static_call_sites'));
  note(`${files.length} of ${all.length} modules have static calls`);
  const profile = profileFor(files);
  note(`${Object.keys(profile.staticCalls?.keys ?? {}).length} keys of the kernel`);
  readAndHash(files); // the page cache, for both alike
  const raw = readAndHash(files);
  const totals = loadAll(files, profile);
  const { seconds, loaded, failed, sites, patches, relocations } = totals;
  note(`${loaded} loaded, ${failed} refused, ${sites} sites, ${patches} patches`);
  const row = (metric: string, value: number, unit: string, bare: number | null, ratio: number | null): Row => {
    return { bench: 'load-debian-x86', metric, value, unit, raw: bare, ratio };
  };
  return [
    row('total', seconds, 's', raw, raw / seconds),
    row('modules', files.length / seconds, 'modules/s', files.length / raw, raw / seconds),
    row('sites', sites / seconds, 'sites/s', null, null),
    row('relocations', relocations / seconds, 'relocations/s', null, null),
    row('refused', failed, 'modules', null, null),
    row('peak-memory', process.resourceUsage().maxRSS / 1024, 'MiB', null, null),
  ];
};

function readAndHash(files: readonly string[]): number {
  const start = performance.now();
  for (const file of files) createHash('sha256').update(readFileSync(file)).digest('hex');
  return (performance.now() - start) / 1000;
}

/** A kernel that has each key and trampoline that the modules import, where an invented kernel exports those symbols. */
function profileFor(files: readonly string[]): Partial<MachineProfile> {
  const preset = PRESETS.get(PRESET);
  if (!preset) throw new Error(`no preset ${PRESET}`);
  const own = new Set<string>();
  const names = new Set<string>();
  for (const file of files) {
    const read = readElf(new Uint8Array(readFileSync(file)), EM_X86_64);
    if (!read.ok) continue;
    const { symbols } = read.elf;
    for (let i = 1; i < symbols.count; i++) {
      if (symbols.shndx[i] !== 0 && symbols.name(i).startsWith('__SCK__')) own.add(symbols.name(i).slice(7));
    }
    for (const { name } of readImports(read.elf)) if (/^__SC[KT]__/.test(name)) names.add(name.slice(7));
  }
  const keys: Record<string, KeyProfile> = {};
  const trampKeys: [`0x${string}`, `0x${string}`, string][] = [];
  const taken = new Set<number>();
  for (const name of [...names].filter((one) => !own.has(one)).sort()) {
    const address = inventedSymbol(preset, `__SCK__${name}`);
    if (taken.has(address)) continue;
    taken.add(address);
    const tramp = toHex(inventedSymbol(preset, `__SCT__${name}`));
    keys[name] = { address: toHex(address), func: `__SCF__${name}`, tramp };
    trampKeys.push([tramp, toHex(address), name]);
  }
  return { staticCall: 'inline', staticCalls: { keys, trampKeys } };
}

interface Totals {
  seconds: number;
  loaded: number;
  failed: number;
  sites: number;
  patches: number;
  relocations: number;
}

function loadAll(files: readonly string[], profile: Partial<MachineProfile>): Totals {
  const totals: Totals = { seconds: 0, loaded: 0, failed: 0, sites: 0, patches: 0, relocations: 0 };
  const booted = decide(initialState(), { type: 'boot', preset: PRESET, profile }, new Map());
  if (!booted.ok) throw new Error(booted.message);
  let state: State = booted.state;
  for (const file of files) {
    const start = performance.now();
    const bytes = readFileSync(file);
    const blob = createHash('sha256').update(bytes).digest('hex');
    const decision = decide(state, { type: 'load', blob, file: basename(file) }, new Map([[blob, bytes]]));
    totals.seconds += (performance.now() - start) / 1000;
    if (!decision.ok) throw new Error(`${file}: ${decision.message}`);
    state = decision.state;
    for (const event of decision.events) {
      if (event.type === 'ModuleLive') totals.loaded++;
      else if (event.type === 'ModuleLoadFailed') totals.failed++;
      else if (event.type === 'StaticCallPatched') totals.patches++;
      else if (event.type === 'RelocationsApplied') totals.relocations += event.relocations;
      else if (event.type === 'StaticCallSitesSorted') {
        for (const { sites } of event.runs) totals.sites += sites.length;
      }
    }
  }
  return totals;
}
