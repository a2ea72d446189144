/**
 * Static calls on x86-64: what a site and a trampoline read for a target, what is checked before they change, and where a call
 * goes.
 * Models arch/x86/kernel/static_call.c, v6.1 and v6.12: `__static_call_transform`, `__static_call_validate`. `inline-poison` adds
 * `arch_static_call_poison_tramp` of the first series (2018).
 *
 * Every write is made under other CPUs that may execute there, with the int3 sequence of `text_poke_bp`: the first byte
 * becomes int3 and whoever meets it gets the new instruction emulated; then the rest is written; then the first byte.
 *
 * Not modelled: call depth tracking (v6.12), under which a call goes to the accounting code before the function.
 */
import { toHex } from '../../../../protocol/address.ts';
import type { Flavour } from '../../../../protocol/profile.ts';
import type { Profile } from '../../profile.ts';
import { KernelBug } from '../kernel-bug.ts';
import { kernelSymbol, PLAIN_RETURN, RETURN_THUNK, RETURN0 } from '../kernel-symbol.ts';
import {
  type Code,
  codeOf,
  type KeyFacts,
  type Read,
  type Route,
  type SiteFacts,
  type StaticCallArch,
  type Transformed,
  type Write,
  wordAt,
  wordCode,
} from '../static-call.ts';
import { INSN, REACH, textOf } from './insn.ts';
import { activeThunk, returnAt } from './returns.ts';

type StaticCallProfile = Pick<Profile, 'layout' | 'returnThunk' | 'source' | 'symbols'>;

/** Call, tail call, nop and a return take this many bytes; a conditional tail call one more. */
const SIZE = INSN.call.length;
const CALL = codeOf(INSN.call.opcode);
const JMP = codeOf(INSN.jmp.opcode);
const RET = codeOf(INSN.ret.opcode);
const NOP5 = codeOf(INSN.nop5.opcode);
const XOR5 = codeOf(INSN.xor5.opcode);
const UD1 = codeOf(INSN.ud1.opcode);
const UD2 = codeOf(INSN.ud2.opcode);
const JCC = codeOf(INSN.jcc.opcode).slice(0, 3);
/** ud2 in the place of the jump. */
const POISON = UD2 + codeOf(INSN.int3.opcode).repeat(SIZE - UD2.length / 2);

const NOTHING: Transformed = { writes: [], stray: false };

/** Hex digits of `count` bytes. */
const digits = (count: number): number => count * 2;

const isJcc = (code: Code): boolean => code.startsWith(JCC);

/** The distance is cut to 32 bits and nobody checks it (`text_gen_insn`). */
const branchTo = (opcode: Code, address: number, target: number): Code => {
  const length = opcode.length / 2 + 4;
  return opcode + wordCode(target - (address + length));
};

/** Where the branch `code` at `address` goes; undefined for what is no branch. */
const destination = (address: number, code: Code): number | undefined => {
  const opcode = isJcc(code) ? 2 : code.startsWith(CALL) || code.startsWith(JMP) ? 1 : undefined;
  if (opcode === undefined) return undefined;
  const distance = wordAt(code, opcode);
  return Number.isNaN(distance) ? undefined : address + opcode + 4 + (distance | 0);
};

/** What a place should read, and why. */
interface Wanted {
  readonly code: Code;
  readonly reason: string;
}

/** The room of a flavour; undefined for one that x86-64 does not have. */
export function x86StaticCalls(flavour: Flavour, profile: StaticCallProfile): StaticCallArch | undefined {
  switch (flavour) {
    case 'inline':
    case 'inline-poison':
    case 'out-of-line':
      return staticCalls(flavour, profile);
    case 'inline-defuse':
    case 'literal':
      return undefined;
  }
}

const staticCalls = (
  flavour: 'inline' | 'inline-poison' | 'out-of-line',
  profile: StaticCallProfile,
): StaticCallArch => {
  const { layout, returnThunk } = profile;
  const inline = flavour !== 'out-of-line';
  const return0 = kernelSymbol(profile, RETURN0);
  const thunk = activeThunk(profile);
  const compiledThunk = kernelSymbol(profile, RETURN_THUNK);
  const plainReturn = kernelSymbol(profile, PLAIN_RETURN);
  const thunkWords = `NULL: returns through ${returnThunk?.name}`;

  const wantedReturn = (address: number): Wanted => {
    const code = codeOf(returnAt(address, thunk));
    return { code, reason: code.startsWith(JMP) ? thunkWords : 'NULL: returns' };
  };

  /** A conditional jump can't become a return, so it goes to one. v6.1 names the compiled thunk, v6.12 the one in use. */
  const conditionalReturn = (address: number): number => {
    const target = !thunk ? plainReturn : layout === 'linux-6.1' ? compiledThunk : thunk.address;
    if (target === undefined) {
      const name = thunk ? RETURN_THUNK : PLAIN_RETURN;
      throw new KernelBug(`the profile names no ${name} for the conditional tail call at ${toHex(address)}`);
    }
    return target;
  };

  const wantedTail = (address: number, func: number, now: Code): Wanted => {
    if (isJcc(now)) {
      const reason = func === 0 ? 'NULL: the conditional tail call goes to a return' : 'conditional tail call to func';
      return { code: branchTo(now.slice(0, 4), address, func || conditionalReturn(address)), reason };
    }
    return func === 0 ? wantedReturn(address) : { code: branchTo(JMP, address, func), reason: 'tail call to func' };
  };

  const wantedCall = (address: number, func: number): Wanted => {
    if (func === 0) return { code: NOP5, reason: 'NULL: nothing is called' };
    if (func === return0) return { code: XOR5, reason: '__static_call_return0: 0 is returned without a call' };
    return { code: branchTo(CALL, address, func), reason: 'call to func' };
  };

  const wantedTramp = (tramp: number, func: number): Wanted =>
    func === 0 ? wantedReturn(tramp) : { code: branchTo(JMP, tramp, func), reason: 'the trampoline jumps to func' };

  const transformSite = (site: SiteFacts, key: KeyFacts, read: Read): Transformed => {
    if (!inline) return NOTHING;
    const { address, tail } = site;
    const now = siteCode(address, read);
    validateSite(address, now, tail);
    const wanted = tail ? wantedTail(address, key.func, now) : wantedCall(address, key.func);
    return written('site', address, now, wanted);
  };

  const transformTramp = (key: KeyFacts, read: Read): Transformed => {
    const now = trampCode(key.tramp, read);
    validateTramp(key.tramp, now);
    // Nobody should come here any more, and it stays that way.
    if (now.startsWith(UD2)) return NOTHING;
    return written('trampoline', key.tramp, now, wantedTramp(key.tramp, key.func));
  };

  const retireTramp = (
    site: SiteFacts,
    key: KeyFacts,
    read: Read,
  ): { orig: undefined; callee: number | undefined; writes: readonly Write[] } => {
    const callee = destination(site.address, siteCode(site.address, read));
    if (flavour !== 'inline-poison') return { orig: undefined, callee, writes: [] };
    const now = trampCode(key.tramp, read);
    validateTramp(key.tramp, now);
    const reason = 'sites call func themselves from now on: whoever still comes here traps';
    return { orig: undefined, callee, writes: written('trampoline', key.tramp, now, { code: POISON, reason }).writes };
  };

  const isReturn = (address: number, code: Code): boolean => {
    const to = destination(address, code);
    return (
      code.startsWith(RET) ||
      (to !== undefined && (to === thunk?.address || to === plainReturn || to === compiledThunk))
    );
  };

  const route = (from: number, key: KeyFacts, read: Read): Route => {
    const branches: number[] = [];
    let at = from;
    while (true) {
      const code = read(at, INSN.jcc.length) ?? '';
      if (code.startsWith(UD2)) return { branches, end: undefined, class: 'trapped' };
      const to = isReturn(at, code) ? undefined : destination(at, code);
      if (to === undefined) return { branches, end: undefined, class: 'none' };
      branches.push(at);
      // Only a trampoline goes on, and never to itself.
      if (to !== key.tramp || at === key.tramp) {
        return { branches, end: to, class: branches.length === 1 ? 'direct' : 'veneer' };
      }
      at = to;
    }
  };

  /** The compiler's call of the trampoline, or what inlining makes of it. */
  const bootSite = ({ address, tail }: SiteFacts, { tramp }: KeyFacts, code: Code): Code => {
    if (inline) return code;
    const opcode = isJcc(code) ? code.slice(0, 4) : tail ? JMP : CALL;
    const call = branchTo(opcode, address, tramp);
    return call + code.slice(call.length);
  };

  return {
    flavour,
    inline,
    siteSize: INSN.jcc.length,
    trampSize: SIZE + INSN.ud1.length,
    granule: 0,
    // Both from the start of the instruction.
    reach: { min: REACH.min + SIZE, max: REACH.max + SIZE },
    bootTramp: ({ tramp, func }, hasSites) => {
      const poisoned = flavour === 'inline-poison' && hasSites;
      return (poisoned ? POISON : wantedTramp(tramp, func).code) + UD1;
    },
    ...(flavour === 'inline' ? {} : { bootSite }),
    transformTramp,
    transformSite,
    retireTramp,
    destination,
    callee: ({ func }) => (func === 0 ? undefined : func),
    route,
    text: textOf,
  };
};

const written = (what: Write['what'], address: number, now: Code, { code: bytes, reason }: Wanted): Transformed =>
  now.startsWith(bytes) ? NOTHING : { writes: [{ what, address, bytes, atomicity: 'int3', reason }], stray: false };

/** A site's bytes, the sixth of which matters where a conditional jump stands. */
const siteCode = (address: number, read: Read): Code => {
  const code = read(address, INSN.jcc.length);
  if (code === undefined) throw new KernelBug(`static_call site at ${toHex(address)} is not in known memory`);
  return code;
};

const trampCode = (tramp: number, read: Read): Code => {
  const code = read(tramp, SIZE + INSN.ud1.length);
  if (code === undefined) throw new KernelBug(`static_call trampoline at ${toHex(tramp)} is not in known memory`);
  return code;
};

const validateSite = (address: number, code: Code, tail: boolean): void => {
  const known = tail
    ? code.startsWith(JMP) || code.startsWith(RET) || isJcc(code)
    : code.startsWith(CALL) || code.startsWith(NOP5) || code.startsWith(XOR5);
  if (!known || (isJcc(code) && code.length < digits(INSN.jcc.length))) unexpected(address, code);
};

const validateTramp = (tramp: number, code: Code): void => {
  if (!code.startsWith(UD1, digits(SIZE)))
    throw new KernelBug(`trampoline signature fail: ${code} at ${toHex(tramp)}, expected ${UD1} after ${SIZE} bytes`);
  if (!code.startsWith(JMP) && !code.startsWith(RET) && !code.startsWith(UD2)) unexpected(tramp, code);
};

const unexpected = (address: number, code: Code): never => {
  throw new KernelBug(
    `unexpected static_call insn opcode 0x${code.slice(0, 2)} at ${toHex(address)}: bytes are ${code}`,
  );
};
