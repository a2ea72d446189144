import { describe, expect, it } from 'vitest';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import type { Outcome } from '../../daemon/pipelines/outcome.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { parsePosition } from '../../protocol/position.ts';
import { bootAndLoad, commitsOf, must, openTestRuntime } from './world.ts';

const at = async (runtime: Runtime, text: string, epoch?: string) => {
  const parsed = parsePosition(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return runtime.position('lab', { at: parsed.position, epoch });
};
const said = (outcome: Outcome<unknown>) =>
  outcome.ok ? outcome.value : `${outcome.error.code}: ${outcome.error.message}`;

let ids = 0;
const bookmark = (runtime: Runtime, name: string, to?: number | null) =>
  runtime.command('lab', {
    id: `bookmark-${++ids}`,
    command: { type: 'bookmark', name, ...(to !== undefined && { at: to }) },
  });

describe('positions', () => {
  it('POS-3: every form of a position is found in the log', async () => {
    const runtime = openTestRuntime();
    await bootAndLoad(runtime, 'lab', 4);
    must(await bookmark(runtime, 'before', 2));
    const { epoch, head } = must(await runtime.head('lab'));
    expect(head).toBe(6);
    for (const [text, commit] of [
      ['0', 0],
      ['6', 6],
      ['-0', 6],
      ['-6', 0],
      [`${epoch}:3`, 3],
      ['@before', 2],
      [`lab@${epoch}:4`, 4],
      [`lab@${epoch}`, 6],
    ] as const) {
      expect([text, said(await at(runtime, text))]).toEqual([text, { epoch, commit }]);
    }
    expect(said(await runtime.position('lab', { epoch }))).toEqual({ epoch, commit: 6 });
  });

  it('POS-4: what can not be found is refused in words that help', async () => {
    const log = openMemoryLog();
    const runtime = openTestRuntime(log);
    await bootAndLoad(runtime, 'lab', 9);
    const { epoch } = must(await runtime.head('lab'));
    expect(said(await at(runtime, '11'))).toBe(
      'position-ahead: lab: the newest commit is 10, there is no position 11 yet',
    );
    expect(said(await at(runtime, '-11'))).toBe('bad-position: lab: -11 is before the first commit, the newest is 10');
    expect(said(await at(runtime, '@x'))).toBe('no-such-bookmark: lab has no bookmark called x: it has none');
    for (let n = 0; n < 7; n++) must(await bookmark(runtime, `b${n}`, n));
    expect(said(await at(runtime, '@x'))).toMatch(/called x: it has b2, b3, b4, b5, b6 and 2 more$/);
    expect(said(await at(runtime, `other@${epoch}:1`))).toBe(
      `bad-position: other@${epoch} is a position of other, asked of lab`,
    );
    for (const text of ['wrongepoch:3', 'lab@wrongepoch', 'lab@wrongepoch:3']) {
      expect(said(await at(runtime, text))).toMatch(/^epoch-changed: lab has the epoch \S+, not wrongepoch: /);
    }
    expect(said(await at(runtime, '3', 'wrongepoch'))).toMatch(/^epoch-changed: /);
    must({ ok: true, value: await log.putSnapshot('lab', epoch, 5, new Uint8Array(1)) });
    await log.trim('lab', epoch, 5);
    expect(said(await at(runtime, '5'))).toEqual({ epoch, commit: 5 });
    expect(said(await at(runtime, '4'))).toMatch(
      /^position-trimmed: lab: commits before 6 are gone, the earliest position is 5, asked for 4; /,
    );
    expect(said(await at(runtime, '@b2'))).toMatch(/^position-trimmed: /);
    expect(said(await runtime.position('nobody', {}))).toBe('no-such-machine: no machine is called nobody');
  });
});

describe('bookmarks', () => {
  it('BMK-1: the commit says which position it is, told or not', async () => {
    const runtime = openTestRuntime();
    await bootAndLoad(runtime, 'lab', 2);
    must(await bookmark(runtime, 'here'));
    must(await bookmark(runtime, 'boot', 1));
    must(await bookmark(runtime, 'here'));
    must(await bookmark(runtime, 'boot', null));
    const commits = (await commitsOf(runtime, 'lab')).slice(3);
    expect(commits.map(({ command, events }) => [command, events])).toEqual([
      [{ type: 'bookmark', name: 'here', at: 3 }, [{ type: 'BookmarkSet', name: 'here', at: 3 }]],
      [{ type: 'bookmark', name: 'boot', at: 1 }, [{ type: 'BookmarkSet', name: 'boot', at: 1 }]],
      [{ type: 'bookmark', name: 'here', at: 5 }, [{ type: 'BookmarkSet', name: 'here', at: 5 }]],
      [{ type: 'bookmark', name: 'boot', at: null }, [{ type: 'BookmarkRemoved', name: 'boot' }]],
    ]);
    expect(must(await runtime.bookmarks('lab')).bookmarks).toEqual([{ name: 'here', at: 5, since: 6 }]);
  });

  it('BMK-2: one past the newest commit, one too many, and the removal of none are refused and leave nothing', async () => {
    const runtime = openTestRuntime();
    await bootAndLoad(runtime, 'lab', 0);
    expect(said(await bookmark(runtime, 'far', 2))).toBe(
      "position-ahead: lab: the newest commit is 1, a bookmark can't point to 2",
    );
    expect(said(await bookmark(runtime, 'none', null))).toBe('no-such-bookmark: no bookmark is called none');
    for (let n = 0; n < 256; n++) must(await bookmark(runtime, `b${n}`, 0));
    expect(said(await bookmark(runtime, 'more', 0))).toBe('bad-command: there are 256 bookmarks: remove one first');
    must(await bookmark(runtime, 'b7', 1));
    must(await bookmark(runtime, 'b8', null));
    must(await bookmark(runtime, 'more', 0));
    expect(must(await runtime.head('lab')).head).toBe(1 + 256 + 3);
    expect(must(await runtime.bookmarks('lab')).bookmarks).toHaveLength(256);
  });

  it('BMK-3: every daemon on the log sees them, and so does one that starts later', async () => {
    const log = openMemoryLog();
    const [one, two] = [openTestRuntime(log), openTestRuntime(log)];
    await bootAndLoad(one, 'lab', 1);
    must(await bookmark(one, 'here'));
    must(await bookmark(two, 'there'));
    const expected = [
      { name: 'here', at: 2, since: 3 },
      { name: 'there', at: 3, since: 4 },
    ];
    for (const runtime of [one, two, openTestRuntime(log)]) {
      expect(must(await runtime.bookmarks('lab')).bookmarks).toEqual(expected);
    }
  });
});

describe('diffs', () => {
  it('POS-5: of two positions, and of two machines; a machine that changed in between is refused', async () => {
    const runtime = openTestRuntime();
    await bootAndLoad(runtime, 'lab', 3);
    await bootAndLoad(runtime, 'other', 1);
    const place = async (machine: string, commit: number) => {
      return { machine, epoch: must(await runtime.head(machine)).epoch, commit };
    };
    const diff = must(await runtime.diff(await place('lab', 2), await place('lab', 4)));
    expect(diff.modules.loaded.map(({ name }) => name)).toEqual(['m2', 'm3']);
    expect(must(await runtime.diff(await place('lab', 2), await place('other', 2))).equal).toBe(true);
    expect(must(await runtime.diff(await place('lab', 4), await place('other', 2))).modules.unloaded).toHaveLength(2);
    const old = await place('lab', 4);
    must(await runtime.remove('lab'));
    must(await runtime.command('lab', { id: 'again', command: { type: 'boot' } }));
    expect(said(await runtime.diff(await place('lab', 1), { ...old, commit: 1 }))).toMatch(/^epoch-changed: /);
    expect(said(await runtime.diff(await place('lab', 1), await place('lab', 9)))).toMatch(/^position-ahead: /);
  });
});
