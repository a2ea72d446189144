/**
 * Who has a symbol, and who may use it.
 * Models kernel/module/main.c `find_symbol`, `resolve_symbol`, `inherit_taint`, `simplify_symbols`,
 * `verify_exported_symbols`, v6.1.
 */
import { toHex } from '../../../protocol/address.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import type { KernelError } from '../arch/arch.ts';
import { inventedSymbol } from '../machine/presets.ts';
import type { State } from '../state.ts';
import type { Candidate, CandidateExport, Import, Outcome } from './candidate.ts';

/** license_is_gpl_compatible, include/linux/license.h. */
const GPL_COMPATIBLE: ReadonlySet<string> = new Set([
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
]);

/** How many symbols' errors an event tells of. */
const FAILURES_KEPT = 32;
const VMLINUX = 'vmlinux';
const ERRNO = { ENOENT: -2, EINVAL: -22 } as const;
const NOWHERE = toHex(0);

interface Found {
  readonly address: number;
  readonly owner: string;
  readonly gplOnly: boolean;
  readonly namespace: string;
}

/** The exporter of a symbol: vmlinux first, then modules that are at least COMING. */
function find(state: State, name: string): Found | undefined {
  const { profile } = state;
  const own = profile?.symbols.get(name);
  if (own !== undefined) {
    return { address: own, owner: VMLINUX, gplOnly: profile?.gplOnly.has(name) ?? false, namespace: '' };
  }
  return state.exports.get(name);
}

export interface Resolved {
  /** By import, NaN where nobody has a weak one. */
  readonly addresses: readonly number[];
  readonly imports: EventOf<'SymbolsResolved'>['imports'];
  /** The modules whose symbols are used, in order of first use. */
  readonly uses: readonly string[];
  /** By its own license, or because it uses symbols of a module that is. */
  readonly proprietary: boolean;
}

interface Failure {
  readonly errno: 'ENOENT' | 'EINVAL' | 'ENOEXEC';
  readonly lines: readonly string[];
}

/** Finds every undefined symbol of the module. The kernel goes on after an error, and returns the last one. */
export function resolveImports(state: State, candidate: Candidate): Outcome<Resolved> {
  const { name: module, importedNamespaces, commons } = candidate;
  const addresses: number[] = [];
  const imports: { name: string; address: ReturnType<typeof toHex>; owner: string | null }[] = [];
  const uses = new Set<string>();
  const failures: Failure[] = [];
  let proprietary = !GPL_COMPATIBLE.has(candidate.license ?? '');
  let usesGplOnly = false;
  let common = 0;
  const refuseCommons = (before: number) => {
    for (; (commons[common] ?? Number.POSITIVE_INFINITY) <= before; common++) {
      failures.push({ errno: 'ENOEXEC', lines: [`${module}: please compile with -fno-common`] });
    }
  };
  for (let i = 0; i < candidate.imports.length; i++) {
    refuseCommons(i);
    const { name, weak } = candidate.imports[i] as Import;
    let found = find(state, name) ?? (weak ? undefined : invented(state, name));
    if (found?.gplOnly && proprietary) found = undefined;
    if (found?.gplOnly) usesGplOnly = true;
    let line = '';
    if (found && found.owner !== VMLINUX && state.modules.get(found.owner)?.proprietary) {
      if (usesGplOnly) {
        line = `${module}: module using GPL-only symbols uses symbols ${name} from proprietary module ${found.owner}.`;
        found = undefined;
      } else proprietary = true;
    }
    if (!found && weak) {
      addresses.push(Number.NaN);
      imports.push({ name, address: NOWHERE, owner: null });
    } else if (!found) {
      failures.push({ errno: 'ENOENT', lines: [...(line === '' ? [] : [line]), unknown(module, name, 'ENOENT')] });
    } else if (found.namespace !== '' && !importedNamespaces.includes(found.namespace)) {
      const { namespace } = found;
      const missing = `${module}: module uses symbol (${name}) from namespace ${namespace}, but does not import it.`;
      failures.push({ errno: 'EINVAL', lines: [missing, unknown(module, name, 'EINVAL')] });
    } else {
      addresses.push(found.address);
      imports.push({ name, address: toHex(found.address), owner: found.owner });
      if (found.owner !== VMLINUX) uses.add(found.owner);
    }
  }
  refuseCommons(candidate.imports.length);
  const last = failures.at(-1);
  if (last) {
    const lines = failures.slice(0, FAILURES_KEPT).flatMap((failure) => failure.lines);
    return { ok: false, error: { errno: last.errno, words: lines.join('\n') } };
  }
  return { ok: true, value: { addresses, imports, uses: [...uses], proprietary } };
}

function unknown(module: string, name: string, errno: keyof typeof ERRNO): string {
  return `${module}: Unknown symbol ${name} (err ${ERRNO[errno]})`;
}

/** An invented kernel exports whatever is asked for. */
function invented({ profile }: State, name: string): Found | undefined {
  if (!profile?.source.openSymbols) return undefined;
  return { address: inventedSymbol(profile.source, name), owner: VMLINUX, gplOnly: false, namespace: '' };
}

/** A module must not export what somebody exports already. */
export function duplicateExport(
  state: State,
  module: string,
  exports: readonly CandidateExport[],
): KernelError | undefined {
  for (const { name } of exports) {
    const owner = find(state, name)?.owner;
    if (owner === undefined) continue;
    return {
      errno: 'ENOEXEC',
      words: `${module}: exports duplicate symbol ${name} (owned by ${owner === VMLINUX ? 'kernel' : owner})`,
    };
  }
  return undefined;
}
