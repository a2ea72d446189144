/** Calls on an independent x86-64 CPU, executed. */
import { emulate, type Image } from '../../../support/unicorn.ts';

/**
 * Executes every call of each image from its site, so that conditional jumps are taken; says which were not as expected.
 * `returns` are addresses where a return stands that is in no segment.
 */
export function execute(images: readonly Image[], returns: readonly string[]): readonly string[] {
  return emulate(SCRIPT, { images, returns });
}

const SCRIPT = `
import base64, json, sys
from unicorn import *
from unicorn.x86_const import *

STACK, BACK, U64 = 0x10800, 0x20000, (1 << 64) - 1
OF, SF, ZF, PF, CF = 0x800, 0x80, 0x40, 4, 1
# Flags that make the condition true.
FLAGS = [OF, 0, CF, 0, ZF, 0, CF, 0, SF, 0, PF, 0, SF, 0, ZF, 0]
address = lambda text: int(text, 16) & U64

def run(image, returns, bad):
    uc = Uc(UC_ARCH_X86, UC_MODE_64)
    segments = [(address(s['address']), base64.b64decode(s['bytes'])) for s in image['segments']]
    pages = {p for a, b in segments for p in range(a & ~0xfff, a + len(b) + 16, 4096)} | {STACK & ~0xfff, BACK}
    runs = []
    for p in sorted(pages):
        if runs and runs[-1][1] == p:
            runs[-1][1] = p + 4096
        else:
            runs.append([p, p + 4096])
    for low, high in runs:
        uc.mem_map(low, high - low)
        uc.mem_write(low, b'\\xf4' * (high - low))
    for a, b in segments:
        uc.mem_write(a, b)
    st = {}
    def on_code(u, at, size, _):
        if at != st['next']:
            st['hops'] += 1
        st['next'] = at + size
        st['steps'] += 1
        if at in st['stop'] or st['steps'] > 8:
            st['at'] = at
            u.emu_stop()
    def on_missing(u, kind, at, *_):
        st['hops'] += 1
        st['at'] = at
        return False
    def on_invalid(u, *_):
        st['trap'] = True
        return False
    uc.hook_add(UC_HOOK_CODE, on_code)
    uc.hook_add(UC_HOOK_MEM_FETCH_UNMAPPED, on_missing)
    uc.hook_add(UC_HOOK_INSN_INVALID, on_invalid)
    for c in image['calls']:
        site, want = address(c['site']), c['expect']
        calls = want not in ('0x0', 'trap')
        code = uc.mem_read(site, 2)
        cond = code[0] == 0x0f and code[1] & 0xf0 == 0x80
        # The caller of a tail call is on the stack.
        uc.mem_write(STACK, BACK.to_bytes(8, 'little'))
        uc.reg_write(UC_X86_REG_RSP, STACK)
        uc.reg_write(UC_X86_REG_EFLAGS, 2 | (FLAGS[code[1] & 15] if cond else 0))
        stop = {BACK, site + 5} | returns | ({address(want)} if calls else set())
        st.update(next=site, hops=0, steps=0, at=None, trap=False, stop=stop)
        try:
            uc.emu_start(site, 0, count=16)
        except UcError:
            pass
        at, stack = st['at'], STACK - uc.reg_read(UC_X86_REG_RSP)
        if want == 'trap':
            ok = st['trap']
        elif calls:
            ok = at == address(want) and st['hops'] == c['hops'] and stack == (0 if c['tail'] else 8)
        elif c['tail']:
            ok = at == BACK or (at in returns and stack == 0)
        else:
            ok = at == site + 5 or (at in returns and stack == 8)
        if not ok:
            bad.append('%s of %s: expected %s in %d, %s at %x in %d' % (
                c['site'], c['key'], want, c['hops'], 'trapped' if st['trap'] else 'arrived', at or 0, st['hops']))

given = json.load(sys.stdin)
bad = []
for image in given['images']:
    run(image, {address(r) for r in given['returns']}, bad)
print(json.dumps(bad))
`;
