/** Calls on an independent arm64 CPU, executed. */
import { emulate, type Image } from '../../support/unicorn.ts';

/** Executes every call of each image from its site; says which did not arrive where they must, or in other hops. */
export function execute(images: readonly Image[]): readonly string[] {
  return emulate(SCRIPT, images);
}

const SCRIPT = `
import base64, json, sys
from unicorn import *
from unicorn.arm64_const import *

BACK, U64 = 0x10000, (1 << 64) - 1
address = lambda text: int(text, 16) & U64

def run(number, image, bad):
    uc = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
    segments = [(address(s['address']), base64.b64decode(s['bytes'])) for s in image['segments']]
    wanted = {address(c['expect']) for c in image['calls'] if c['expect'] not in ('0x0', 'trap')}
    pages = {p for a, b in segments for p in range(a & ~0xfff, a + len(b), 4096)} | {BACK} | {w & ~0xfff for w in wanted}
    runs = []
    for p in sorted(pages):
        if runs and runs[-1][1] == p:
            runs[-1][1] = p + 4096
        else:
            runs.append([p, p + 4096])
    for low, high in runs:
        uc.mem_map(low, high - low)
        # What nobody wrote is an undefined instruction.
        uc.mem_write(low, bytes(high - low))
    for a, b in segments:
        uc.mem_write(a, b)
    st = {}
    def on_code(u, at, size, _):
        if st['steps'] and at != st['last'] + 4:
            st['hops'] += 1
        st['steps'] += 1
        st['last'] = at
        if at in st['stop'] or st['steps'] > 64:
            st['at'] = at
            u.emu_stop()
    def on_trap(u, no, _):
        st['trap'] = True
        u.emu_stop()
    uc.hook_add(UC_HOOK_CODE, on_code)
    uc.hook_add(UC_HOOK_INTR, on_trap)
    for c in image['calls']:
        site, want = address(c['site']), c['expect']
        end = {'0x0': BACK if c['tail'] else site + 4, 'trap': None}.get(want) if want in ('0x0', 'trap') else address(want)
        st.update(steps=0, hops=0, last=0, at=None, trap=False, stop={site + 4, BACK, end})
        uc.reg_write(UC_ARM64_REG_X30, BACK)
        try:
            uc.emu_start(site, 0, count=80)
        except UcError:
            st['trap'] = True
        good = st['trap'] if want == 'trap' else not st['trap'] and st['at'] == end
        if good and want not in ('0x0', 'trap'):
            good = st['hops'] == c['hops']
        if not good:
            bad.append('image %d, %s of %s: expected %s in %d hops, got %s in %d' % (number, c['site'], c['key'], want,
                c['hops'], 'a trap' if st['trap'] else hex(st['at'] or 0), st['hops']))

bad = []
for number, image in enumerate(json.load(sys.stdin)):
    run(number, image, bad)
print(json.dumps(bad[:20]))
`;
