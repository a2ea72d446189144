/** A machine's memory with every static call that can be executed, `veneerd/image@1`. */
import { type Hex, toHex } from '../../protocol/address.ts';
import { executableSegments } from '../kernel/image.ts';
import type { Blobs } from '../kernel/kernel.ts';
import type { State } from '../kernel/state.ts';
import { readText, type Site, type StaticCalls, VMLINUX } from '../kernel/static-call/state.ts';

export interface ImageCall {
  readonly site: Hex;
  readonly key: string;
  readonly tail: boolean;
  /** Where the call must arrive: `0x0` where nothing is called, `trap` where the flavour leaves it no way. */
  readonly expect: string;
  readonly hops: number;
}

export interface MemoryImage {
  readonly format: 'veneerd/image@1';
  readonly arch: string;
  readonly segments: readonly { readonly address: Hex; readonly bytes: string }[];
  readonly calls: readonly ImageCall[];
}

export function memoryImage(state: State, blobs: Blobs): MemoryImage {
  return {
    format: 'veneerd/image@1',
    arch: state.profile?.arch ?? '',
    segments: executableSegments(state, blobs).map(({ address, bytes }) => {
      return { address: toHex(address), bytes: Buffer.from(bytes).toString('base64') };
    }),
    calls: state.staticCalls ? imageCalls(state, state.staticCalls) : [],
  };
}

/** Every site in live text, in order of address. */
function imageCalls(state: State, calls: StaticCalls): readonly ImageCall[] {
  const found: (Site & { readonly key: string })[] = [];
  for (const owner of [VMLINUX, ...[...state.modules.values()].map(({ name }) => name)]) {
    for (const [key, sites] of calls.tables.get(owner) ?? []) {
      for (const site of sites) if (!site.init) found.push({ ...site, key });
    }
  }
  return found.sort((a, b) => a.address - b.address).flatMap((site) => imageCall(calls, site));
}

function imageCall(calls: StaticCalls, { address, key: name, tail }: Site & { readonly key: string }): ImageCall[] {
  const { arch, keys } = calls;
  const key = keys.get(name);
  // A site whose key went with its module leads nowhere that anybody could name.
  if (!key) return [];
  const route = arch.route(address, key, (at, size) => readText(calls, at, size));
  const callee = arch.callee(key);
  const stray = arch.flavour === 'inline-poison' && route.class === 'trapped';
  // x86-64 makes a call of __static_call_return0 an instruction that clears the result.
  const nothing = callee === undefined || (arch.granule === 0 && route.class === 'none');
  const expect = stray ? 'trap' : nothing ? '0x0' : toHex(callee);
  return [{ site: toHex(address), key: name, tail, expect, hops: route.branches.length }];
}
