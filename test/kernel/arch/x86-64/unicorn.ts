/** The Unicorn emulator as an independent CPU; tests that need it skip by name where it is missing. */
import { execFileSync } from 'node:child_process';

const PYTHON = '/usr/bin/python3';

export const hasUnicorn = ((): boolean => {
  try {
    execFileSync(PYTHON, ['-c', 'import unicorn'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('SKIPPED: tests on an independent CPU: install python3-unicorn');
    return false;
  }
})();

export interface Execution {
  readonly segments: readonly { readonly address: number; readonly code: string }[];
  readonly site: number;
  readonly expect: {
    /** null where nothing is called. */
    readonly end: number | null;
    readonly hops: number;
    readonly kind: string;
    readonly tail: boolean;
  };
  /** Addresses where a return stands. */
  readonly returns: readonly number[];
}

/** Runs each call from its site with the zero flag clear, so that `jne` jumps; says what was not as expected. */
export function executeAll(runs: readonly Execution[]): string[] {
  const input = JSON.stringify(runs);
  const out = execFileSync(PYTHON, ['-c', SCRIPT], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  return JSON.parse(out) as string[];
}

const SCRIPT = `
import json, sys
from unicorn import *
from unicorn.x86_const import *

LOW = 0xffffffff81000000
SIZE = 1 << 32
STACK = 0x10000
BACK = 0x20000
U64 = (1 << 64) - 1

def run(r):
    uc = Uc(UC_ARCH_X86, UC_MODE_64)
    pages = set()
    for s in r['segments']:
        a = s['address'] & U64
        pages |= {p for p in range(a & ~0xfff, a + 16, 4096)}
    for p in pages:
        uc.mem_map(p, 4096)
    uc.mem_map(STACK, 4096)
    uc.mem_map(BACK, 4096)
    for s in r['segments']:
        uc.mem_write(s['address'] & U64, bytes.fromhex(s['code']))
    e = r['expect']
    site = r['site'] & U64
    sp = STACK + 2048
    # A tail call's caller is on the stack.
    uc.mem_write(sp, BACK.to_bytes(8, 'little'))
    uc.reg_write(UC_X86_REG_RSP, sp)
    uc.reg_write(UC_X86_REG_RAX, 0x1234)
    uc.reg_write(UC_X86_REG_EFLAGS, 2)
    st = {'next': site, 'hops': 0, 'at': None, 'trap': False, 'last': None}
    known = {s['address'] & U64 for s in r['segments']}
    returns = {a & U64 for a in r['returns']}
    def code(u, addr, size, _):
        if addr != st['next']:
            st['hops'] += 1
        st['next'] = addr + size
        if addr == BACK or (addr not in known and addr != site):
            st['at'] = addr
            u.emu_stop()
    def missing(u, kind, addr, *_):
        st['hops'] += 1
        st['at'] = addr
        return False
    uc.hook_add(UC_HOOK_CODE, code)
    uc.hook_add(UC_HOOK_MEM_FETCH_UNMAPPED, missing)
    def invalid(u, *_):
        st['trap'] = True
        return False
    uc.hook_add(UC_HOOK_INSN_INVALID, invalid)
    uc.hook_add(UC_HOOK_INTR, lambda u, no, _: (st.__setitem__('trap', True), u.emu_stop()))
    try:
        uc.emu_start(site, 0, count=16)
    except UcError:
        pass
    at = st['at']
    if e['kind'] == 'trapped':
        return 'as expected' if st['trap'] else 'no trap, arrived at %x' % (at or 0)
    if st['trap']:
        return 'trapped'
    if e['end'] is not None:
        want = e['end'] & U64
        if at != want:
            return 'arrived at %x, expected %x' % (at or 0, want)
        if st['hops'] != e['hops']:
            return '%d hops, expected %d' % (st['hops'], e['hops'])
        rsp = uc.reg_read(UC_X86_REG_RSP)
        if rsp != (sp if e['tail'] else sp - 8):
            return 'a tail call must leave the stack alone, a call push one word'
        return 'as expected'
    # Nothing was called: a tail site went back to its caller, or to a return; a call site goes on behind it.
    if e['tail']:
        return 'as expected' if at == BACK or at in returns else 'arrived at %x, expected a return' % (at or 0)
    return 'as expected' if at == site + 5 else 'arrived at %x, expected the next instruction' % (at or 0)

print(json.dumps([run(r) for r in json.load(sys.stdin)]))
`;
