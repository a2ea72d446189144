/**
 * Who has a symbol, and who may use it.
 * Models kernel/module/main.c `find_symbol`, `resolve_symbol`, `simplify_symbols`, `verify_exported_symbols`, v6.1.
 */
import { toHex } from '../../../protocol/address.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import type { KernelError } from '../arch/arch.ts';
import { inventedSymbol } from '../machine/presets.ts';
import type { State } from '../state.ts';
import type { Candidate, CandidateExport, Outcome } from './candidate.ts';

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
const ERRNO = { ENOENT: -2, EINVAL: -22, EBUSY: -16 } as const;

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
  const words: string[] = [];
  let errno: keyof typeof ERRNO | undefined;
  const fail = (why: keyof typeof ERRNO, ...lines: readonly string[]) => {
    errno = why;
    if (words.length < LINES_KEPT) words.push(...lines);
  };
  const unknown = (name: string, why: keyof typeof ERRNO) =>
    `${candidate.name}: Unknown symbol ${name} (err ${ERRNO[why]})`;

  candidate.imports.forEach(({ name, weak }, i) => {
    let found = find(state, name);
    if (found?.gplOnly && !gplOk) found = undefined;
    if (!found && !weak && state.profile?.source.openSymbols) {
      found = { address: inventedSymbol(state.profile.source, name), owner: VMLINUX, gplOnly: false, namespace: '' };
    }
    if (!found) {
      if (weak) imports.push({ name, address: toHex(0), owner: null });
      else fail('ENOENT', unknown(name, 'ENOENT'));
      return;
    }
    if (found.namespace !== '' && !candidate.importedNamespaces.includes(found.namespace)) {
      fail(
        'EINVAL',
        `${candidate.name}: module uses symbol (${name}) from namespace ${found.namespace}, but does not import it.`,
        unknown(name, 'EINVAL'),
      );
      return;
    }
    addresses[i] = found.address;
    imports.push({ name, address: toHex(found.address), owner: found.owner });
    if (found.owner !== VMLINUX) uses.add(found.owner);
  });
  if (errno) return { ok: false, error: { errno, words: words.join('\n') } };
  return { ok: true, value: { addresses, imports, uses: [...uses] } };
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
