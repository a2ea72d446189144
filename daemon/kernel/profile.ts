/** A machine profile with its addresses as numbers: what the rules work with. */
import { fromHex } from '../../protocol/address.ts';
import type { MachineProfile } from '../../protocol/profile.ts';

export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Profile {
  /** As it stands in `MachineBooted`. */
  readonly source: MachineProfile;
  readonly arch: MachineProfile['arch'];
  readonly layout: MachineProfile['layout'];
  readonly pageSize: number;
  readonly kallsymsAll: boolean;
  readonly windows: { readonly direct: Range | undefined; readonly fallback: Range | undefined };
  readonly reserved: readonly (readonly [number, number])[];
  readonly erratum843419: boolean;
  /** CPU capabilities as a bitmap; 0n where the profile does not say. */
  readonly cpuCaps: bigint;
  readonly symbols: ReadonlyMap<string, number>;
  readonly gplOnly: ReadonlySet<string>;
  readonly vermagic: string | undefined;
  /** Keys that are not exported, by the address of their trampoline. */
  readonly trampKeys: ReadonlyMap<number, string>;
  /** arm64: the trampoline that calls to a symbol go to, and its key, by the symbol's name. */
  readonly callTramps: ReadonlyMap<string, { readonly tramp: number; readonly key: number }>;
  /** x86-64: where returns go that a mitigation redirects. */
  readonly returnThunk: { readonly name: string; readonly address: number; readonly enabled: boolean } | undefined;
}

/** Reads a profile that was checked when the machine was booted. */
export function readProfile(source: MachineProfile): Profile {
  const { direct, fallback } = source.moduleRegion;
  const thunk = source.returnThunk;
  const range = (r: typeof direct) => (r ? { start: fromHex(r.start), end: fromHex(r.end) } : undefined);
  return {
    source,
    arch: source.arch,
    layout: source.layout,
    pageSize: source.pageSize,
    kallsymsAll: source.kallsymsAll,
    windows: { direct: range(direct), fallback: range(fallback) },
    reserved: source.reserved.map(([start, end]) => [fromHex(start), fromHex(end)] as const),
    erratum843419: source.errata?.includes('843419') ?? false,
    cpuCaps: BigInt(source.cpuCaps ?? '0x0'),
    symbols: new Map(Object.entries(source.symbols).map(([name, address]) => [name, fromHex(address)])),
    gplOnly: new Set(source.gplOnly ?? []),
    vermagic: source.vermagic,
    trampKeys: new Map(source.staticCalls?.trampKeys?.map(([tramp, , name]) => [fromHex(tramp), name])),
    callTramps: new Map(
      Object.values(source.staticCalls?.keys ?? {}).flatMap(({ symbol, tramp, address }) =>
        symbol === undefined ? [] : [[symbol, { tramp: fromHex(tramp), key: fromHex(address) }]],
      ),
    ),
    returnThunk: thunk && { ...thunk, address: fromHex(thunk.address) },
  };
}
