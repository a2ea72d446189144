/**
 * Who has a symbol, and who may use it.
 * Models kernel/module/main.c `find_symbol`, `resolve_symbol`, `simplify_symbols`, `verify_exported_symbols`, v6.1.
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

/** How many lines of "Unknown symbol" an event keeps. */
const LINES_KEPT = 32;
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
  readonly addresses: Float64Array;
  readonly imports: EventOf<'SymbolsResolved'>['imports'];
  /** The modules whose symbols are used, in order of first use. */
  readonly uses: readonly string[];
}

/** Finds every undefined symbol of the module. The kernel goes on after an unknown one, and returns the last error. */
export function resolveImports(state: State, candidate: Candidate): Outcome<Resolved> {
  const gplOk = GPL_COMPATIBLE.has(candidate.license ?? '');
  const addresses = new Float64Array(candidate.imports.length).fill(Number.NaN);
  const imports: { name: string; address: ReturnType<typeof toHex>; owner: string | null }[] = [];
  const uses = new Set<string>();
  const failures: Failure[] = [];
  for (let i = 0; i < candidate.imports.length; i++) {
    const { name, weak } = candidate.imports[i] as Import;
    const found = usable(find(state, name), gplOk) ?? (weak ? undefined : invented(state, name));
    if (!found) {
      if (weak) imports.push({ name, address: NOWHERE, owner: null });
      else failures.push({ name, errno: 'ENOENT' });
    } else if (found.namespace !== '' && !candidate.importedNamespaces.includes(found.namespace)) {
      failures.push({ name, errno: 'EINVAL', namespace: found.namespace });
    } else {
      addresses[i] = found.address;
      imports.push({ name, address: toHex(found.address), owner: found.owner });
      if (found.owner !== VMLINUX) uses.add(found.owner);
    }
  }
  const last = failures.at(-1);
  if (last) return { ok: false, error: { errno: last.errno, words: wordsOf(candidate.name, failures) } };
  return { ok: true, value: { addresses, imports, uses: [...uses] } };
}

interface Failure {
  readonly name: string;
  readonly errno: keyof typeof ERRNO;
  readonly namespace?: string;
}

function usable(found: Found | undefined, gplOk: boolean): Found | undefined {
  return found?.gplOnly && !gplOk ? undefined : found;
}

/** An invented kernel exports whatever is asked for. */
function invented({ profile }: State, name: string): Found | undefined {
  if (!profile?.source.openSymbols) return undefined;
  return { address: inventedSymbol(profile.source, name), owner: VMLINUX, gplOnly: false, namespace: '' };
}

function wordsOf(module: string, failures: readonly Failure[]): string {
  return failures
    .slice(0, LINES_KEPT)
    .flatMap(({ name, errno, namespace }) => {
      const unknown = `${module}: Unknown symbol ${name} (err ${ERRNO[errno]})`;
      if (namespace === undefined) return [unknown];
      return [`${module}: module uses symbol (${name}) from namespace ${namespace}, but does not import it.`, unknown];
    })
    .join('\n');
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
