/**
 * `/proc/modules` (kernel/module/procfs.c, `m_show`): `NAME SIZE REFCOUNT USERS STATE ADDRESS [(TAINTS)]`, newest first.
 * Until 6.3 the address is the core area's and the size that area without its guard page; from 6.4 on it is the text
 * area's, and the size the sum of the module's areas.
 */
import { type Hex, toHex } from '../address.ts';
import { address, decimal, fault, linesOf, type Parsed } from './text.ts';

export interface ProcModule {
  readonly name: string;
  readonly size: number;
  /** Null: the kernel does not count (no CONFIG_MODULE_UNLOAD). */
  readonly refcount: number | null;
  readonly usedBy: readonly string[];
  readonly permanent: boolean;
  readonly state: 'Live' | 'Loading' | 'Unloading';
  /** Null: hidden from this user, shown as 0. */
  readonly address: Hex | null;
  /** Letters, without the sign of a module that comes or goes; empty where there are none. */
  readonly taints: string;
}

export const MODULES_LIMIT = 65_536;

const LINE =
  /^([^\s]{1,55}) (\d{1,16}) (-|-?\d{1,10}) ([^\s]+) (Live|Loading|Unloading) 0x([0-9a-f]{1,16})(?: \(([A-Z]*)([+-]?)\))?\s*$/;
const EXPECTED = '"NAME SIZE REFCOUNT USERS STATE ADDRESS [(TAINTS)]"';

/** Newest first, as the file has them. */
export function parseModules(text: string): Parsed<readonly ProcModule[]> {
  const modules: ProcModule[] = [];
  const seen = new Set<string>();
  for (const [number, line] of linesOf(text)) {
    if (line === '') continue;
    const [, name = '', size = '', refs = '', users = '', state, digits = '', taints = ''] = LINE.exec(line) ?? [];
    const at = address(digits);
    if (state === undefined || Number.isNaN(decimal(size)) || Number.isNaN(at)) return fault(number, EXPECTED, line);
    if (seen.has(name)) return fault(number, `a module once, and ${name} stands above`, line);
    if (modules.length === MODULES_LIMIT) return fault(number, `at most ${MODULES_LIMIT} modules`, line);
    seen.add(name);
    const names = users === '-' ? [] : users.split(',').filter((user) => user !== '');
    modules.push({
      name,
      size: decimal(size),
      refcount: refs === '-' ? null : Number(refs),
      usedBy: names.filter((user) => user !== '[permanent]'),
      permanent: names.includes('[permanent]'),
      state: state as ProcModule['state'],
      address: at === 0 ? null : toHex(at),
      taints,
    });
  }
  return { ok: true, value: modules };
}
