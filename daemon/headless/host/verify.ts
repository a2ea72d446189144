/**
 * Whether a host's modules lie where the layout rules put them: with the module's file the offset of every section inside
 * its area is computed, and held against what /sys/module, /proc/modules, /proc/vmallocinfo and /proc/kallsyms show. Where
 * an area begins is what most of these agree on; whatever says otherwise is named.
 */
import type { EventOf } from '../../../protocol/events/index.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import type { View } from '../../../protocol/view/types.ts';
import { archOf } from '../../kernel/arch/select.ts';
import { introduceElf } from '../../kernel/loader/elf-candidate.ts';
import { layOut } from '../../kernel/loader/layout.ts';
import { type Profile, readProfile } from '../../kernel/profile.ts';
import { buildIdOf } from './verify/build-id.ts';
import { judge } from './verify/judge.ts';
import { overlaps } from './verify/parts.ts';
import type {
  HostArea,
  ModuleFile,
  ModuleVerdict,
  SectionVerdict,
  Seen,
  Verification,
  Verified,
} from './verify/verdict.ts';

export type { ModuleFile, Verification };

/** Verifies what a host's session shows last. `files`: the candidates for each module, by name. */
export function verifyHost(view: View, files: ReadonlyMap<string, readonly ModuleFile[]>): Verified {
  const { host } = view;
  if (!host) return { ok: false, message: 'the session is not one of a host: `veneer record-host` makes those' };
  const { arch, layout, release } = host.facts;
  if (!arch || !layout) {
    return {
      ok: false,
      message: `the session does not say the host's ${arch ? 'kernel version' : 'architecture'}, which the layout follows from`,
    };
  }
  // What the host did not show has few values: that is true with which most addresses agree.
  let best: Verification | undefined;
  for (const facts of variants(arch, layout, host.facts)) {
    const attempt = verification(view, readProfile(profileOf(facts)), files, release ?? null);
    if (!best || attempt.totals.differs < best.totals.differs) best = attempt;
  }
  return best ? { ok: true, verification: best } : { ok: false, message: 'the session says nothing of the host' };
}

type LayoutFacts = Pick<MachineProfile, 'arch' | 'layout' | 'pageSize' | 'kallsymsAll'> & { readonly erratum: boolean };

function variants(
  arch: LayoutFacts['arch'],
  layout: LayoutFacts['layout'],
  { pageSize, kallsymsAll, erratum843419 }: Omit<EventOf<'HostObserved'>, 'type'>,
): readonly LayoutFacts[] {
  // An r0p4 says only in REVIDR whether it needs the workaround.
  const errata = arch === 'x86-64' ? [false] : erratum843419 === undefined ? [false, true] : [erratum843419];
  const sizes = pageSize === undefined ? ([4096, 16384, 65536] as const) : [pageSize];
  const kallsyms = kallsymsAll === undefined ? [false, true] : [kallsymsAll];
  return errata.flatMap((erratum) =>
    sizes.flatMap((size) => kallsyms.map((all) => ({ arch, layout, pageSize: size, kallsymsAll: all, erratum }))),
  );
}

/** Layout needs no image, no windows and no symbols. */
function profileOf({ erratum, ...facts }: LayoutFacts): MachineProfile {
  const nowhere = '0x0000000000000000';
  return {
    ...facts,
    kernel: { text: nowhere, etext: nowhere, end: nowhere },
    moduleRegion: {},
    reserved: [],
    symbols: {},
    errata: erratum ? ['843419'] : [],
  };
}

function verification(
  view: View,
  profile: Profile,
  files: ReadonlyMap<string, readonly ModuleFile[]>,
  release: string | null,
): Verification {
  const areas = view.host?.areas ?? [];
  const modules: ModuleVerdict[] = [];
  for (const { name, host } of view.modules.values()) {
    if (host?.seen) modules.push(verifyModule(name, host.seen, files.get(name) ?? [], profile, areas));
  }
  const all = modules.flatMap(({ sections }) => sections);
  const count = (verdict: SectionVerdict['verdict']) => all.filter((section) => section.verdict === verdict).length;
  const unverified = modules.filter(({ verdict }) => verdict === 'unverified').length;
  const faults = overlaps(modules, profile.pageSize);
  return {
    format: 'veneerd/verification@1',
    release,
    erratum843419: profile.arch === 'arm64' ? profile.erratum843419 : null,
    agrees: unverified < modules.length && faults.length === 0 && modules.every(({ verdict }) => verdict !== 'differs'),
    totals: {
      modules: modules.length,
      verified: modules.length - unverified,
      unverified,
      agrees: count('agrees'),
      stale: count('stale'),
      differs: count('differs'),
      missing: count('missing'),
      unknown: count('unknown'),
    },
    faults,
    modules,
    areas: areas.filter(({ owner, window }) => owner !== 'module' && window !== undefined),
  };
}

const unverified = (module: string, file: string | null, why: string): ModuleVerdict => {
  return { module, file, verdict: 'unverified', faults: [why], parts: [], sections: [] };
};

function verifyModule(
  module: string,
  seen: Seen,
  candidates: readonly ModuleFile[],
  profile: Profile,
  areas: readonly HostArea[],
): ModuleVerdict {
  if (!seen.sections) return unverified(module, null, 'the session does not show where its sections lie');
  const [first] = candidates;
  if (!first) return unverified(module, null, 'no file of it is among the modules given');
  const file = candidates.find(({ bytes }) => !seen.buildId || buildIdOf(bytes) === seen.buildId);
  if (!file) {
    const why = `${first.file} is another build: its build id is ${buildIdOf(first.bytes) ?? 'none'}, the module's ${seen.buildId}`;
    return unverified(module, first.file, why);
  }
  const introduced = introduceElf(file.bytes, profile, archOf(profile));
  const prepared = introduced.ok ? introduced.value.prepare() : introduced;
  if (!prepared.ok) return unverified(module, file.file, `${file.file}: ${prepared.error.words}`);
  const candidate = prepared.value;
  const laidOut = layOut(profile.layout, candidate.sections, candidate.tables, profile.pageSize);
  return judge(module, file.file, seen, seen.sections, { profile, candidate, laidOut, areas, bytes: file.bytes });
}
