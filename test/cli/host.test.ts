import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readSession } from '../../clients/cli/session-file.ts';
import { recordHost, type Verification, verifySession } from '../../daemon/headless/host/index.ts';
import { tell } from '../../daemon/headless/host/story.ts';
import { fromHex, toHex } from '../../protocol/address.ts';
import { CommitSchema } from '../../protocol/commit.ts';
import type { Event, EventOf, EventType } from '../../protocol/events/index.ts';
import { parseTrace } from '../../protocol/host/trace.ts';
import { validator } from '../../protocol/validate.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import type { View } from '../../protocol/view/types.ts';
import { start } from '../e2e/cli-process.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { FIXTURES, hostTree, type Kernel, moduleOf, type Tree, writeTree } from '../support/host-tree.ts';

const KO = new URL('../fixtures/ko/', import.meta.url).pathname;
const KERNELS: readonly Kernel[] = ['arm64-6.1', 'arm64-6.12', 'x86-64-6.12'];
const folder = mkdtempSync(join(tmpdir(), 'veneerd-host-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const signal = new AbortController().signal;
const trees = new Map(KERNELS.map((kernel) => [kernel, hostTree(kernel)]));
let numbered = 0;

function treeOf(kernel: Kernel): Tree {
  return new Map(trees.get(kernel));
}

function write(tree: Tree): string {
  return writeTree(join(folder, `tree-${numbered++}`), tree);
}

async function recorded(tree: Tree) {
  const root = write(tree);
  const session = await recordHost({ root, signal });
  const view = emptyView();
  for (const commit of session.commits) fold(view, commit);
  return { ...session, view, root, events: session.commits.flatMap(({ events }) => events) };
}

function only<T extends EventType>(events: readonly Event[], type: T): EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}

/** The modules of the kernel in files of their names: a folder for each. */
const modules = new Map(
  KERNELS.map((kernel) => {
    const files = FIXTURES[kernel].map((file) => [`${moduleOf(file)}.ko`, fixture(file)] as const);
    return [kernel, writeTree(join(folder, `modules-${kernel}`), new Map(files))];
  }),
);

function verify(view: View, kernel: Kernel): Promise<Verification> {
  return verifySession(view, [modules.get(kernel) ?? '']);
}

const hashed = (tree: Tree): Tree => {
  let n = 1000;
  const text = String(tree.get('proc/vmallocinfo')).replace(/0x[0-9a-f]{16}/g, () => {
    n += 7919;
    return `0x00000000${n.toString(16).padStart(8, '0')}`;
  });
  return tree.set('proc/vmallocinfo', text);
};

const withoutRoot = (tree: Tree): Tree => {
  for (const path of [...tree.keys()]) {
    if (path.split('/')[3] === 'sections' || path === 'proc/vmallocinfo' || path.startsWith('sys/kernel'))
      tree.delete(path);
  }
  for (const file of ['proc/modules', 'proc/kallsyms']) {
    tree.set(
      file,
      String(tree.get(file)).replace(/(0x)?ffff[0-9a-f]{12}/g, (_, x) => `${x ?? ''}${'0'.repeat(16)}`),
    );
  }
  return tree.set('proc/iomem', '00000000-00000000 : Kernel code\n');
};

describe.each(KERNELS)('a session of an %s host', (kernel) => {
  it('HOST-10: begins with the machine and the host', async () => {
    const { commits, observed } = await recorded(treeOf(kernel));
    expect(commits[0]?.events.map(({ type }) => type)).toEqual(['MachineBooted', 'HostObserved']);
    expect(observed).toMatchObject({
      layout: kernel.endsWith('6.1') ? 'linux-6.1' : 'linux-6.12',
      pageSize: 4096,
      kaslr: false,
      clock: 'mono',
      timeBase: 'boot',
      lost: [],
    });
  });

  it('HOST-11: has loads, frees and requests in order, each with its time', async () => {
    const { commits } = await recorded(treeOf(kernel));
    const steps = commits.slice(1, -1).map(({ time, events: [event] }) => {
      if (event?.type === 'HostModuleLoaded') return [time, 'load', event.init];
      return [time, event?.type === 'HostModuleFreed' ? event.why : 'request', undefined];
    });
    const times = steps.map(([time]) => time);
    expect(times).toEqual(times.map((_, i) => (i + 1) * 1000));
    expect(steps.map(([, what]) => what)).toEqual([
      'load',
      'request',
      ...FIXTURES[kernel].slice(1).map(() => 'load'),
      'unloaded',
      'load',
    ]);
    expect(steps.every(([, what, init]) => what !== 'load' || init === 'succeeded')).toBe(true);
    expect(commits.at(-1)?.time).toBe(60_250);
  });

  it('HOST-15: ends with every module as it is shown, in areas of its own', async () => {
    const { events, view } = await recorded(treeOf(kernel));
    expect(view.modules.size).toBe(FIXTURES[kernel].length);
    for (const module of only(events, 'HostModuleObserved')) {
      expect(module.sections?.length).toBeGreaterThan(3);
      expect(module.areas.reduce((sum, { size }) => sum + size, 0)).toBe(module.coreSize);
      expect(Object.keys(view.modules.get(module.module)?.parts ?? {}).sort()).toEqual(
        module.areas.map(({ part }) => part).sort(),
      );
    }
    const owners = only(events, 'HostAreasObserved')[0]?.areas.map(({ owner }) => owner) ?? [];
    expect(owners.filter((owner) => owner !== 'module')).toEqual(['other']);
    expect(view.machine?.reserved).toHaveLength(kernel === 'x86-64-6.12' ? 1 : 2);
  });

  it('HOST-22: is made of commits that fit their schema, and is written, read and verified from the command line', async () => {
    const root = write(treeOf(kernel));
    const file = join(folder, `${kernel}.veneer.jsonl.gz`);
    const done = await start(['record-host', '--root', root, '--out', file, '--json']).done;
    expect(done).toMatchObject({ code: 0 });
    expect(JSON.parse(done.out)).toMatchObject({ modules: FIXTURES[kernel].length, unloads: 1, lost: [] });
    const check = validator(CommitSchema, 'commit');
    for await (const item of readSession(file)) {
      expect(item.kind).not.toBe('cut-off');
      if (item.kind === 'commit') expect(check(item.commit)).toMatchObject({ ok: true });
    }
    const verified = await start(['verify', file, '--modules', modules.get(kernel) ?? '']).done;
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.out).toContain('the layout is as the rules say');
  }, 60_000);

  it('VERIFY-1: every section agrees or is stale', async () => {
    for (const change of [(tree: Tree) => tree, hashed]) {
      const { view } = await recorded(change(treeOf(kernel)));
      const result = await verify(view, kernel);
      expect(result.modules.flatMap(({ faults }) => faults)).toEqual([]);
      expect(result).toMatchObject({ agrees: true, totals: { differs: 0, missing: 0, unknown: 0, unverified: 0 } });
      expect(result.totals.stale).toBeGreaterThan(0);
    }
  });

  it('VERIFY-2: a section with another address is named, and where it should lie', async () => {
    const paths = [...treeOf(kernel).keys()].filter((path) => path.split('/')[3] === 'sections');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.constantFrom(8, -64, 0x120, 0x1010), async (path, by) => {
        const tree = treeOf(kernel);
        const right = String(tree.get(path)).trim() as `0x${string}`;
        const wrong = toHex(fromHex(right) + by);
        const { view } = await recorded(tree.set(path, `${wrong}\n`));
        const result = await verify(view, kernel);
        const [, , module = '', , section = ''] = path.split('/');
        const verdicts = result.modules.flatMap((m) =>
          m.sections.filter(({ verdict }) => verdict === 'differs').map((s) => [m.module, s.name]),
        );
        expect(verdicts).toEqual([[module, section]]);
        const [fault] = result.modules.find((m) => m.module === module)?.faults ?? [];
        expect(fault).toMatch(new RegExp(`^${section.replaceAll('.', '\\.')}: `));
        const { expected } =
          result.modules.flatMap(({ sections }) => sections).find(({ verdict }) => verdict === 'differs') ?? {};
        if (expected !== undefined) expect(expected).toBe(right);
        expect(result.agrees).toBe(false);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('VERIFY-5: an address of /proc/modules, an area or a symbol that does not fit is named', async () => {
    const change = async (file: string, from: RegExp, to: (match: string) => string) => {
      const tree = treeOf(kernel);
      const { view } = await recorded(tree.set(file, String(tree.get(file)).replace(from, to)));
      return (await verify(view, kernel)).modules.flatMap(({ faults }) => faults);
    };
    const higher = (match: string) => `0x${(BigInt(match) + 0x4000n).toString(16)}`;
    expect(await change('proc/modules', /0x[0-9a-f]{16}/, higher)).toEqual([
      expect.stringContaining('/proc/modules shows it at'),
    ]);
    const area = await change('proc/vmallocinfo', /^0x[0-9a-f]{16}/, higher);
    expect(area).toEqual([expect.stringContaining('/proc/vmallocinfo should show an area')]);
    const symbol = await change('proc/kallsyms', /^[0-9a-f]{16}(?= t [^$\s]+\t)/m, (match) =>
      (BigInt(`0x${match}`) + 4n).toString(16),
    );
    expect(symbol).toEqual([expect.stringMatching(/^symbol .* in \/proc\/kallsyms, by the layout it is at/)]);
  });

  it('HOST-2: what a plain user cannot see is said, and nothing is made up for it', async () => {
    const { observed, events, view, commits } = await recorded(withoutRoot(treeOf(kernel)));
    expect(observed.lost.map(({ what }) => what).sort()).toEqual([
      '/proc/kallsyms',
      '/proc/modules',
      '/proc/vmallocinfo',
      '/sys/module/*/sections',
      'the trace',
    ]);
    expect(JSON.stringify(commits)).not.toMatch(/0xffff/);
    expect(only(events, 'MachineBooted')).toEqual([]);
    expect(only(events, 'HostModuleLoaded').every(({ how, at }) => how === 'listed' && at === undefined)).toBe(true);
    expect(
      only(events, 'HostModuleObserved').every(
        ({ address, areas, sections }) => !address && !sections && areas.length === 0,
      ),
    ).toBe(true);
    const listed = String(treeOf(kernel).get('proc/modules'))
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect([...view.modules.keys()].reverse()).toEqual(listed);
    const result = await verify(view, kernel);
    expect(result).toMatchObject({ agrees: false, totals: { verified: 0, agrees: 0, differs: 0 } });
  });

  it('HOST-2: a file that is missing is named, whichever it is', async () => {
    const files = [...treeOf(kernel).keys()].filter((path) => path.startsWith('proc/'));
    for (const file of files) {
      const tree = treeOf(kernel);
      tree.delete(file);
      const { observed, commits } = await recorded(tree);
      expect(observed.lost).toContainEqual(expect.objectContaining({ what: `/${file}`, why: 'it is not there' }));
      expect(commits.length).toBeGreaterThan(0);
    }
  });
});

describe('reading a tree', () => {
  it('HOST-1: a file that is not what it should be is refused with its line', async () => {
    for (const [file, text] of [
      ['proc/modules', 'a b\n'],
      ['proc/vmallocinfo', 'x\n'],
      ['proc/kallsyms', 'x\n'],
      ['proc/iomem', 'x\n'],
      ['proc/version', 'x\n'],
      ['sys/kernel/tracing/trace', 'x\n'],
      ['sys/module/chain_a/coresize', 'x\n'],
      ['sys/module/chain_a/sections/.text', '0xzz\n'],
    ] as const) {
      const root = write(treeOf('arm64-6.1').set(file, text));
      await expect(recordHost({ root, signal })).rejects.toThrow(
        new RegExp(`^${root}/${file}:1: expected .*, found "`),
      );
    }
    await expect(recordHost({ root: join(folder, 'nowhere'), signal })).rejects.toThrow(/expected a captured tree/);
  });

  it('HOST-5: names of modules lead to no other folder', async () => {
    const tree = treeOf('arm64-6.1');
    const line = '../../../etc 4096 0 - Live 0xffff800000f7e000\n';
    const { view } = await recorded(tree.set('proc/modules', line + String(tree.get('proc/modules'))));
    expect(view.modules.get('../../../etc')?.host?.seen).toMatchObject({ areas: [] });
    expect(view.modules.get('../../../etc')?.host?.seen?.sections).toBeUndefined();
  });

  it('HOST-21: a module whose init still runs owns its init memory', async () => {
    const tree = treeOf('arm64-6.1');
    tree.set('sys/module/hello/initsize', '8192\n');
    tree.set('proc/modules', String(tree.get('proc/modules')).replace(/^(hello .*) Live/m, '$1 Loading'));
    const { view, events } = await recorded(hashed(tree));
    expect(view.modules.get('hello')?.state).toBe('COMING');
    expect(
      only(events, 'HostModuleLoaded')
        .filter(({ module }) => module === 'hello')
        .at(-1)?.init,
    ).toBe('running');
    const result = await verify(view, 'arm64-6.1');
    const hello = result.modules.find(({ module }) => module === 'hello');
    expect(hello?.sections.filter(({ verdict }) => verdict === 'stale')).toEqual([]);
    expect(hello?.verdict).toBe('agrees');
  });
});

describe('verifying', () => {
  it('VERIFY-4: sections that only one side has are faults', async () => {
    const tree = treeOf('arm64-6.1');
    const text = tree.get('sys/module/hello/sections/.plt') ?? '';
    tree.delete('sys/module/hello/sections/.plt');
    const { view } = await recorded(tree.set('sys/module/hello/sections/.nonesuch', text));
    const result = await verify(view, 'arm64-6.1');
    expect(result.totals).toMatchObject({ missing: 1, unknown: 1 });
    const hello = result.modules.find(({ module }) => module === 'hello');
    expect(hello?.faults.join('\n')).toMatch(/\.nonesuch at 0x.*\n\.plt: .*does not show it/);
  });

  it('VERIFY-7: a module without a file is unverified, by name', async () => {
    const { view } = await recorded(treeOf('arm64-6.1'));
    const result = await verifySession(view, [join(KO, 'hello.ko')]);
    expect(result).toMatchObject({
      agrees: true,
      totals: { verified: 1, unverified: FIXTURES['arm64-6.1'].length - 1 },
    });
    const chain = result.modules.find(({ module }) => module === 'chain_a');
    expect(chain).toMatchObject({ verdict: 'unverified', faults: ['no file of it is among the modules given'] });
  });

  it('VERIFY-7: a file with another build id is not used', async () => {
    const note = new Uint8Array([
      4,
      0,
      0,
      0,
      20,
      0,
      0,
      0,
      3,
      0,
      0,
      0,
      0x47,
      0x4e,
      0x55,
      0,
      ...new Array<number>(20).fill(0xab),
    ]);
    const { view } = await recorded(treeOf('arm64-6.1').set('sys/module/hello/notes/.note.gnu.build-id', note));
    expect(view.modules.get('hello')?.host?.seen?.buildId).toBe('ab'.repeat(20));
    const hello = (await verify(view, 'arm64-6.1')).modules.find(({ module }) => module === 'hello');
    expect(hello).toMatchObject({ verdict: 'unverified', faults: [expect.stringContaining('is another build')] });
  });

  it('VERIFY-8: what the host did not show is found out by what agrees', async () => {
    const tree = treeOf('arm64-6.12');
    for (const file of ['proc/kallsyms', 'proc/vmallocinfo']) tree.delete(file);
    const { view, observed } = await recorded(tree);
    expect(observed.erratum843419).toBeUndefined();
    expect(observed.kallsymsAll).toBeUndefined();
    expect(await verify(view, 'arm64-6.12')).toMatchObject({ agrees: true });
  });

  it('VERIFY-9: a session of another kind is refused', async () => {
    await expect(verifySession(emptyView(), [KO])).rejects.toThrow(/not one of a host/);
  });

  it('VERIFY-10: of a folder the files with the names of modules count', async () => {
    const { view } = await recorded(treeOf('arm64-6.1'));
    expect(readdirSync(KO)).toContain('hello.ko.xz');
    expect(await verifySession(view, [KO])).toMatchObject({ totals: { unverified: 0 } });
  });
});

describe('the story of a trace', () => {
  const story = (lines: readonly string[], listed?: readonly string[]) => {
    const text = lines.map((line, i) => {
      const [pid, words] = line.split('|');
      return `  task-${pid} [000] ..... ${i + 1}.0: ${words}`;
    });
    const trace = parseTrace(text.join('\n'));
    if (!trace.ok) throw new Error(trace.message);
    const { steps, doubts } = tell(trace.value, listed);
    const words = steps.map((step) => {
      if (step.what === 'request') return `request ${step.request.name}`;
      return step.what === 'load' ? `${step.how} ${step.life.module}` : `${step.why} ${step.life.module}`;
    });
    return { words, doubts: doubts.length };
  };

  it('HOST-14: a load whose own task frees the module failed in its init', () => {
    expect(story(['1|module_load: a', '1|module_request: b wait=1 call_site=x', '1|module_free: a'], []).words).toEqual(
      ['traced a', 'request b', 'init-failed a'],
    );
    expect(story(['1|module_load: a', '2|module_free: a'], []).words).toEqual(['traced a', 'unloaded a']);
    expect(story(['1|module_load: a', '1|module_load: b', '1|module_free: a'], ['b']).words.at(-1)).toBe('unloaded a');
    const referred = [
      '1|module_load: a',
      '1|module_put: a call_site=do_init_module',
      '3|module_get: a call_site=x',
      '1|module_free: a',
    ];
    expect(story(referred, []).words).toEqual(['traced a', 'unloaded a']);
  });

  it('HOST-12, HOST-13: what was there before, what came back and what left unseen has its place', () => {
    expect(story(['1|module_load: b', '2|module_free: old'], ['x', 'y', 'b'])).toEqual({
      words: ['inferred old', 'listed x', 'listed y', 'traced b', 'unloaded old'],
      doubts: 0,
    });
    expect(story(['1|module_load: a', '2|module_free: a'], ['a'])).toEqual({
      words: ['traced a', 'unloaded a', 'listed a'],
      doubts: 1,
    });
    expect(story(['1|module_load: a', '2|module_load: a'], [])).toEqual({
      words: ['traced a', 'unseen a', 'traced a', 'unseen a'],
      doubts: 2,
    });
    expect(story([], undefined)).toEqual({ words: [], doubts: 0 });
  });

  it('HOST-11: time decides the order, and equal times keep that of the file', () => {
    const line = (at: string, name: string) => `  t-1 [000] ${at}: module_load: ${name}\n`;
    const trace = parseTrace(line('3.0', 'c') + line('1.0', 'a') + line('1.0', 'b'));
    if (!trace.ok) throw new Error(trace.message);
    expect(tell(trace.value, undefined).steps.map((step) => step.what === 'load' && step.life.module)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('HOST-11: a saved trace that is named counts in place of that of the tree', async () => {
    const tree = treeOf('arm64-6.1');
    const root = write(tree);
    const trace = join(folder, 'saved.txt');
    writeTree(folder, new Map([['saved.txt', 'cpus=1\n   insmod-5 [000] 7.000001: module_load:    hello \n']]));
    const { commits } = await recordHost({ root, trace, signal });
    const loaded = only(
      commits.flatMap(({ events }) => events),
      'HostModuleLoaded',
    );
    expect(loaded.at(-1)).toMatchObject({ module: 'hello', how: 'traced', at: '7.000001' });
    expect(loaded.slice(0, -1).every(({ how }) => how === 'listed')).toBe(true);
    expect(readFileSync(trace, 'utf8')).toContain('insmod');
  });
});
