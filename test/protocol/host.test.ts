import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anchors, parseKallsyms } from '../../protocol/host/kallsyms.ts';
import { archOf, erratum843419, layoutOf, parseConfig, parseIomem, releaseOf } from '../../protocol/host/machine.ts';
import { parseModules } from '../../protocol/host/modules.ts';
import type { Parsed } from '../../protocol/host/text.ts';
import { parseTrace, type TraceEvent } from '../../protocol/host/trace.ts';
import { parseVmallocinfo } from '../../protocol/host/vmallocinfo.ts';

function value<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(`line ${parsed.line}: ${parsed.message}`);
  return parsed.value;
}

const PARSERS = { parseModules, parseVmallocinfo, parseKallsyms, parseIomem, parseConfig, parseTrace };

describe('what every parser of a host does', () => {
  for (const [name, parse] of Object.entries(PARSERS)) {
    it(`HOST-1: ${name} never throws, and a fault names a line that is there`, () => {
      const word = fc.constantFrom(
        '0xffff800000d00000',
        'xfs',
        '16384',
        '-',
        'Live',
        ' ',
        '\n',
        '\t[x]',
        '(E)',
        'T',
        '-5 [000] 1.0: ',
      );
      const text = fc.oneof(
        fc.string(),
        fc.array(word).map((words) => words.join(' ')),
      );
      fc.assert(
        fc.property(text, (source) => {
          const parsed = parse(source);
          if (parsed.ok) return;
          expect(parsed.line).toBeGreaterThan(0);
          expect(parsed.line).toBeLessThanOrEqual(source.split('\n').length);
          expect(parsed.message).toMatch(/^expected .*, found "/s);
          expect(parsed.message.length).toBeLessThan(1200);
        }),
      );
    });
  }
});

describe('/proc/modules', () => {
  it('HOST-1: is read with users, states and taints, newest first', () => {
    const modules = value(
      parseModules(
        'r8723bs 491520 0 - Live 0xffff80000184b000 (CE)\n' +
          'drm 442368 1 drm_kms_helper, Live 0xffff800000f7e000\n' +
          'old 8192 1 [permanent], Live 0x0000000000000000\n' +
          'going 8192 -1 a,b, Unloading 0xffff800000f00000 (O-)\n',
      ),
    );
    expect(modules.map(({ name }) => name)).toEqual(['r8723bs', 'drm', 'old', 'going']);
    expect(modules[0]).toMatchObject({ size: 491520, refcount: 0, usedBy: [], taints: 'CE', state: 'Live' });
    expect(modules[1]?.usedBy).toEqual(['drm_kms_helper']);
    expect(modules[2]).toMatchObject({ address: null, permanent: true, usedBy: [] });
    expect(modules[3]).toMatchObject({ state: 'Unloading', taints: 'O', refcount: -1, usedBy: ['a', 'b'] });
  });

  it('HOST-1: is refused with the line of what is wrong', () => {
    const good = 'a 4096 0 - Live 0xffff800000f7e000\n';
    expect(parseModules(`${good}b 4096 0 - Alive 0x0\n`)).toMatchObject({ ok: false, line: 2 });
    expect(parseModules(good + good)).toMatchObject({ ok: false, line: 2 });
    expect(parseModules('../x 4096 0 - Live 0x10000000000000ff\n')).toMatchObject({ ok: false, line: 1 });
  });
});

describe('/proc/vmallocinfo', () => {
  const line = (start: string, end: string, size: number, rest: string) =>
    `0x${start}-0x${end} ${String(size).padStart(7)} ${rest}\n`;
  const module = line('ffff800000d00000', 'ffff800000d05000', 20480, 'load_module+0x9a8/0x2210 pages=4 vmalloc N0=4');

  it('HOST-1: is read with sizes, pages, kinds and callers', () => {
    const { areas, hashed, odd } = value(
      parseVmallocinfo(
        module +
          line('ffff80000a020000', 'ffff80000a031000', 69632, 'of_iomap+0xdc/0xf0 phys=0x0000000008000000 ioremap') +
          line('ffff80000a031000', 'ffff80000a033000', 8192, 'init+0x1/0x2 [foo] pages=1 vmalloc') +
          line('ffff80000a040000', 'ffff80000a041000', 4096, 'unpurged vm_area') +
          line('ff59ae7040000000', 'ff59ae7040005000', 20480, 'irq_init_percpu_irqstack+0xf8/0x130 vmap'),
      ),
    );
    expect(hashed).toBe(false);
    expect(odd).toEqual([]);
    expect(areas.map(({ kind }) => kind)).toEqual(['vmalloc', 'ioremap', 'vmalloc', 'unpurged', 'vmap']);
    expect(areas[0]).toMatchObject({ size: 20480, pages: 4, caller: 'load_module+0x9a8/0x2210' });
    expect(areas[2]?.caller).toBe('init+0x1/0x2 [foo]');
    expect(areas[4]?.start).toBe('ff59ae7040000000');
  });

  it('HOST-3: hashes are told from addresses, and a single odd line from both', () => {
    const hash = line('00000000e7f5b3ba', '0000000030912186', 20480, 'load_module+0x9a8/0x2210 pages=4 vmalloc');
    expect(value(parseVmallocinfo(hash + hash)).hashed).toBe(true);
    expect(value(parseVmallocinfo(module + module + hash))).toMatchObject({ hashed: false, odd: [3] });
    expect(value(parseVmallocinfo(''))).toMatchObject({ hashed: false, areas: [] });
  });
});

describe('a trace', () => {
  const events = (text: string): readonly TraceEvent[] => value(parseTrace(text)).events;

  it('HOST-4: the text of tracefs and of trace-cmd say the same', () => {
    const tracefs =
      '# tracer: nop\n#\n# entries-in-buffer/entries-written: 3/3   #P:1\n' +
      '        modprobe-78      [000] .....     5.886441: module_load: nls_ascii \n' +
      '        modprobe-79      [000] d..1.     5.899615: module_request: crypto-crc32c wait=1 call_site=crypto_alg_mod_lookup\n' +
      '        modprobe-79      [001] .....     5.923317: module_load: r8723bs OE\n' +
      '        modprobe-80      [000] .....     6.000000: module_free: nls_ascii\n';
    const traceCmd =
      'cpus=2\n' +
      '        modprobe-78    [000]     5.886441: module_load:          nls_ascii \n' +
      '        modprobe-79    [000]     5.899615: module_request:       crypto-crc32c wait=1 call_site=crypto_alg_mod_lookup\n' +
      '        modprobe-79    [001]     5.923317: module_load:          r8723bs OE\n' +
      '        modprobe-80    [000]     6.000000: module_free:          nls_ascii\n';
    const plain = (text: string) => events(text).map(({ line: _, ...event }) => event);
    expect(plain(traceCmd)).toEqual(plain(tracefs));
    expect(plain(tracefs)).toEqual([
      { what: 'load', module: 'nls_ascii', taints: '', task: 'modprobe', pid: 78, cpu: 0, at: '5.886441' },
      {
        what: 'request',
        name: 'crypto-crc32c',
        wait: true,
        callSite: 'crypto_alg_mod_lookup',
        task: 'modprobe',
        pid: 79,
        cpu: 0,
        at: '5.899615',
      },
      { what: 'load', module: 'r8723bs', taints: 'OE', task: 'modprobe', pid: 79, cpu: 1, at: '5.923317' },
      { what: 'free', module: 'nls_ascii', task: 'modprobe', pid: 80, cpu: 0, at: '6.000000' },
    ]);
  });

  it("HOST-4: a column of thread groups, lost events and other tracers' lines are no obstacle", () => {
    const parsed = value(
      parseTrace(
        '# entries-in-buffer/entries-written: 2/10   #P:1\n' +
          'CPU:0 [LOST 5 EVENTS]\n##### CPU 1 buffer started ####\n' +
          '        modprobe-78      (     78) [000] .....     5.886441: module_load: a\n' +
          '           <...>-9       (-------) [000] .....     5.9: sched_switch: prev_comm=x ==> next_comm=y\n' +
          ' => do_init_module\n',
      ),
    );
    expect(parsed.lost).toBe(13);
    expect(parsed.events).toHaveLength(1);
    expect(value(parseTrace('CPU:0 [EVENTS DROPPED]\n')).lost).toBeNull();
  });

  it('HOST-4: what is no line of a trace is refused with its number', () => {
    expect(parseTrace('# tracer: nop\nhello\n')).toMatchObject({ ok: false, line: 2 });
    expect(parseTrace('  x-1 [000] ..... 1.0: module_load: two words\n')).toMatchObject({ ok: false, line: 1 });
    expect(parseTrace('  x-1 [000] ..... 1.0: module_free:\n')).toMatchObject({ ok: false, line: 1 });
  });

  it('HOST-4: a task may be called anything that fits into 15 bytes', () => {
    const name = fc
      .string({ unit: fc.constantFrom(...'ab19 -:()[]./_'), minLength: 1, maxLength: 15 })
      .map((text) => text.trim())
      .filter((text) => text !== '');
    fc.assert(
      fc.property(
        name,
        fc.nat(4_194_304),
        fc.nat(255),
        fc.constantFrom('.....', 'd..1.', ''),
        (task, pid, cpu, flags) => {
          const text = `${task.padStart(16)}-${String(pid).padEnd(7)} [${String(cpu).padStart(3, '0')}] ${flags} 12345.678901: module_load: xfs C\n`;
          expect(events(text)).toEqual([
            { what: 'load', module: 'xfs', taints: 'C', task, pid, cpu, at: '12345.678901', line: 1 },
          ]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('HOST-4: a requested name that looks like an event is a name', () => {
    const name = 'x-1 [000] ..... 5.0: module_load: evil';
    expect(
      events(`  mount-87  [000] .....  6.657720: module_request: ${name} wait=0 call_site=get_fs_type\n`),
    ).toMatchObject([{ what: 'request', name, wait: false, task: 'mount' }]);
  });
});

describe('/proc/kallsyms', () => {
  it('HOST-1: names of modules are kept where they are theirs alone', () => {
    const { modules, hidden, namesData } = value(
      parseKallsyms(
        'ffff800008010000 T _stext\nffff800008d00000 D _etext\n' +
          'ffff800000d00000 t $x\t[a]\nffff800000d00010 t twice\t[a]\nffff800000d00020 t twice\t[a]\n' +
          'ffff800000d00030 t once\t[a]\nffff800000e00000 t bpf_prog_1\t[bpf]\n',
      ),
    );
    expect(modules.get('a')?.map(({ name }) => name)).toEqual(['$x', 'once']);
    expect(modules.has('bpf')).toBe(false);
    expect({ hidden, namesData }).toEqual({ hidden: false, namesData: false });
    expect(value(parseKallsyms('0000000000000000 b x\n'))).toMatchObject({ hidden: true, namesData: true });
  });

  it('VERIFY-1: sections are pinned by the first and the last symbol in them', () => {
    const at = (address: number) => ({ name: `s${address}`, address });
    expect(anchors([5, 10, 11, 12, 25, 31].map(at), [10, 20, 30]).map(({ address }) => address)).toEqual([
      5, 10, 12, 25, 31,
    ]);
    expect(anchors([{ name: '$x', address: 10 }], [10])).toEqual([]);
    fc.assert(
      fc.property(fc.array(fc.nat(1000)), fc.array(fc.nat(1000)), (symbols, sections) => {
        const picked = anchors([...symbols].sort((a, b) => a - b).map(at), sections);
        expect(picked.length).toBeLessThanOrEqual(2 * new Set(sections).size + 1);
      }),
    );
  });
});

describe('the machine', () => {
  it('HOST-6: layouts follow from releases', () => {
    expect(releaseOf('Linux version 6.1.0-50-arm64 (x) #1')).toBe('6.1.0-50-arm64');
    expect(releaseOf('Darwin')).toBeUndefined();
    expect(layoutOf('6.1.0-50-arm64')).toEqual({ layout: 'linux-6.1', exact: true });
    expect(layoutOf('6.3.9')).toEqual({ layout: 'linux-6.1', exact: false });
    expect(layoutOf('6.4.0-rc1')).toEqual({ layout: 'linux-6.12', exact: false });
    expect(layoutOf('6.12.107+deb13-amd64')).toEqual({ layout: 'linux-6.12', exact: true });
    expect(layoutOf('six')).toBeUndefined();
  });

  it('HOST-8: the CPU says whether erratum 843419 is worked around', () => {
    const cpu = (part: string, revision: number, variant = '0x0', who = '0x41') =>
      `CPU implementer\t: ${who}\nCPU architecture: 8\nCPU variant\t: ${variant}\nCPU part\t: ${part}\nCPU revision\t: ${revision}\n`;
    expect(archOf(cpu('0xd08', 3))).toBe('arm64');
    expect(archOf('vendor_id\t: AuthenticAMD\n')).toBe('x86-64');
    expect(erratum843419(cpu('0xd08', 3))).toBe(false);
    expect(erratum843419(cpu('0xd08', 3) + cpu('0xd03', 2))).toBe(true);
    expect(erratum843419(cpu('0xd03', 4))).toBeUndefined();
    expect(erratum843419(cpu('0x801', 4, '0xa', '0x51'))).toBe(true);
  });

  it('HOST-1: the image in /proc/iomem is found, and zeros are no image', () => {
    const iomem =
      '40000000-bfffffff : System RAM\n  40210000-4185ffff : Kernel code\n  41eb0000-4220ffff : Kernel data\n';
    expect(value(parseIomem(iomem))).toEqual({ code: 0x40210000, end: 0x42210000 });
    expect(value(parseIomem('00000000-00000000 : Kernel code\n'))).toBeUndefined();
  });

  it('HOST-1: a config file is what is set in it', () => {
    const config = value(parseConfig('#\n# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C="x y"\n'));
    expect([...config]).toEqual([
      ['CONFIG_B', 'y'],
      ['CONFIG_C', '"x y"'],
    ]);
    expect(parseConfig('B=y\n')).toMatchObject({ ok: false, line: 1 });
  });
});
