import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startDaemon } from '../../daemon/daemon.ts';
import { followTrace } from '../../daemon/headless/host/live.ts';
import { start } from '../e2e/cli-process.ts';
import { hostTree, writeTree } from '../support/host-tree.ts';

const EVENTS = ['module_load', 'module_free', 'module_request', 'module_put'].map(
  (name) => `events/module/${name}/enable`,
);

describe('following a trace', () => {
  let tracefs: string;
  const read = (file: string) => readFileSync(join(tracefs, file), 'utf8').trim();

  beforeEach(() => {
    tracefs = mkdtempSync(join(tmpdir(), 'veneerd-tracefs-'));
    const files = { trace_pipe: '', trace_clock: '[local] global mono\n', tracing_on: '0\n' };
    for (const [file, text] of [...Object.entries(files), ...EVENTS.map((file) => [file, '0\n'] as const)]) {
      mkdirSync(dirname(join(tracefs, file)), { recursive: true });
      writeFileSync(join(tracefs, file), text);
    }
  });
  afterEach(() => rmSync(tracefs, { recursive: true, force: true }));

  it('HOST-23: switches events on, gives whole lines, and puts back what was', async () => {
    writeFileSync(join(tracefs, EVENTS[0] ?? ''), '1\n');
    const done = followTrace(1, new AbortController().signal, [tracefs]);
    await expect.poll(() => read('tracing_on')).toBe('1');
    expect(EVENTS.map(read)).toEqual(['1', '1', '1', '1']);
    expect(read('trace_clock')).toBe('mono');
    appendFileSync(
      join(tracefs, 'trace_pipe'),
      '  insmod-1 [000] ..... 1.000000: module_load: a \n  insmod-2 [000] ...',
    );
    expect(await done).toMatchObject({ clock: 'mono', text: '  insmod-1 [000] ..... 1.000000: module_load: a \n' });
    expect(EVENTS.map(read)).toEqual(['1', '0', '0', '0']);
    expect([read('tracing_on'), read('trace_clock')]).toEqual(['0', 'local']);
  });

  it('HOST-23: ends early when it is interrupted, and puts back what was', async () => {
    const controller = new AbortController();
    const done = followTrace(3600, controller.signal, [tracefs]);
    await expect.poll(() => read('tracing_on')).toBe('1');
    controller.abort();
    expect((await done).text).toBe('');
    expect(EVENTS.map(read)).toEqual(['0', '0', '0', '0']);
  });

  it('HOST-23: says what it needs where there is no tracefs', async () => {
    await expect(followTrace(1, new AbortController().signal, [join(tracefs, 'nowhere')])).rejects.toThrow(
      /needs tracefs, and root/,
    );
  });
});

describe('a host session in a daemon', () => {
  it('HOST-22: replays, of root and of a plain user, to the digest that the file holds', {
    timeout: 60_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'veneerd-host-replay-'));
    const daemon = await startDaemon({
      host: '127.0.0.1',
      port: 0,
      stores: { memory: true },
      demo: 'off',
      logLevel: 'silent',
    });
    try {
      const whole = hostTree('arm64-6.12');
      const plain = new Map([...whole].filter(([path]) => !/kallsyms|vmallocinfo|sections|tracing/.test(path)));
      for (const [name, tree] of Object.entries({ whole, plain })) {
        const file = join(folder, `${name}.veneer.jsonl`);
        const made = await start(['record-host', '--root', writeTree(join(folder, name), tree), '--out', file]).done;
        expect(made).toMatchObject({ code: 0 });
        const replayed = await start(['replay', file, '--into', name, '--json'], { VENEERD_URL: daemon.url }).done;
        expect({ name, err: replayed.err, code: replayed.code }).toMatchObject({ code: 0, err: '' });
        expect(JSON.parse(replayed.out)).toMatchObject({ equal: true });
        const listed = await start(['modules', '-m', name, '--json'], { VENEERD_URL: daemon.url }).done;
        expect(JSON.parse(listed.out)).toHaveLength(6);
      }
    } finally {
      await daemon.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
