import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMAND_SCHEMAS } from '../../protocol/commands.ts';
import { type Commit, CommitSchema } from '../../protocol/commit.ts';
import { EVENT_SCHEMAS } from '../../protocol/events/index.ts';
import { readSessionLine, type SessionFooter } from '../../protocol/session.ts';
import { upcast } from '../../protocol/upcast.ts';
import { validator } from '../../protocol/validate.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest } from '../../protocol/view/json.ts';

/** What version 1 wrote. Never changed: a test that fails here says that old logs can't be read any more. */
const linesOf = (file: string) =>
  readFileSync(new URL(`../fixtures/protocol/${file}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');

const isCommit = validator(CommitSchema, 'commit');

function read(line: string): Commit {
  const cast = upcast(JSON.parse(line));
  if (!cast.ok) throw new Error(cast.message);
  const commit = isCommit(cast.commit);
  if (!commit.ok) throw new Error(commit.message);
  return commit.value;
}

describe('what version 1 wrote', () => {
  const commits = linesOf('commits-v1.jsonl').map(read);

  it('EVT-10: every commit of it is read', () => {
    expect(commits).toHaveLength(linesOf('commits-v1.jsonl').length);
  });

  it('EVT-10: it holds every event and every command', () => {
    const events = new Set(commits.flatMap((commit) => commit.events.map(({ type }) => type)));
    expect(Object.keys(EVENT_SCHEMAS).filter((type) => !events.has(type as keyof typeof EVENT_SCHEMAS))).toEqual([]);
    const commands = new Set(commits.map(({ command }) => command.type));
    expect([...commands].toSorted()).toEqual(Object.keys(COMMAND_SCHEMAS).toSorted());
  });

  it('EVT-10: a session file of it folds to the view that it promises', () => {
    const lines = linesOf('session-v1.veneer.jsonl').map((line, i) => readSessionLine(i + 1, line));
    expect(lines[0]).toMatchObject({ kind: 'header', header: { machine: 'fixture' } });
    const view = lines.reduce((all, line) => (line.kind === 'commit' ? fold(all, line.commit) : all), emptyView());
    const footer = lines.at(-1) as { readonly kind: 'footer'; readonly footer: SessionFooter };
    expect(footer.kind).toBe('footer');
    expect(view.commit).toBe(footer.footer.commits);
    expect(viewDigest(view)).toBe(footer.footer.digest);
  });
});

describe('versions of commits', () => {
  const old = JSON.parse(linesOf('commits-v1.jsonl')[0] ?? '') as Record<string, unknown>;

  it('EVT-11: a newer one is refused, and the message says what to do', () => {
    expect(upcast({ ...old, v: 2 })).toEqual({
      ok: false,
      message: 'v: this commit has version 2, this program reads up to 1; use a newer veneerd',
    });
    expect(upcast({ ...old, v: 1e308 })).toMatchObject({ ok: false, message: expect.stringContaining('newer') });
  });

  it.each([0, -1, 0.5, -0])('EVT-11: version %d was never released', (v) => {
    expect(upcast({ ...old, v })).toMatchObject({ ok: false, message: expect.stringContaining('was ever released') });
  });

  it('EVT-11: one without a version, or that is no object, is refused', () => {
    const { v: _, ...none } = old;
    for (const value of [none, { ...old, v: '1' }, { ...old, v: null }]) {
      expect(upcast(value)).toEqual({ ok: false, message: 'v: expected the version of the commit, a number' });
    }
    for (const value of [null, 7, 'commit', [old], undefined]) {
      expect(upcast(value)).toEqual({ ok: false, message: 'a commit is a JSON object' });
    }
  });

  it('EVT-11: it changes nothing of a commit of today', () => {
    const cast = upcast(old);
    expect(cast).toEqual({ ok: true, commit: old });
  });
});

describe('lines of a session', () => {
  const lines = linesOf('session-v1.veneer.jsonl');
  const fault = (number: number, line: string) => {
    const read = readSessionLine(number, line);
    return read.kind === 'fault' ? read.message : read.kind;
  };

  it('EVT-12: what is wrong with a line is told with its path', () => {
    expect(fault(1, '{')).toMatch(/^not JSON: /);
    expect(fault(1, lines[1] ?? '')).toMatch(/^expected a header of veneerd\/session@1: header must have required/);
    expect(fault(2, lines[0] ?? '')).toBe('v: expected the version of the commit, a number');
    expect(fault(2, (lines[1] ?? '').replace('"number":1', '"number":"1"'))).toBe('/number must be integer');
    expect(fault(9, '{"end":true,"commits":1}')).toBe(
      'header must have required properties digest'.replace('header', 'footer'),
    );
    expect(fault(9, 'null')).toBe('a commit is a JSON object');
    expect(fault(9, '[]')).toBe('a commit is a JSON object');
    expect(fault(9, '{"__proto__":{"end":true},"v":1}')).toBe('at 1: a key that is called __proto__');
    expect(fault(9, `{"v":${'['.repeat(1_000_000)}`)).toMatch(/nested deeper than 64$/);
  });

  it('EVT-12: a header of another format is refused, a newer one with what to do', () => {
    expect(fault(1, '{"format":"veneerd/log@1","machine":"m"}')).toMatch(/\/format must be equal to constant$/);
    expect(fault(1, '{"format":"veneerd/session@2","machine":"m"}')).toBe(
      'format: this session has version 2, this program reads up to 1; use a newer veneerd',
    );
  });
});
