import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeSnapshot,
  partJson,
  partText,
  readHeader,
  SnapshotFault,
} from '../../daemon/pipelines/snapshots-codec.ts';
import { fromLines, toLines } from '../../daemon/pipelines/snapshots-lines.ts';
import { LEDGER, STATE, VIEW } from '../../daemon/pipelines/snapshots-parts.ts';

/** What version 1 wrote. Never changed: a test that fails here says that trimmed logs can't be read any more. */
const FIXTURE = readFileSync(new URL('../fixtures/protocol/snapshot-v1.bin', import.meta.url));

describe('the bytes of a snapshot', () => {
  it('SNAP-3: as version 1 wrote them are read, each part alone', async () => {
    expect(readHeader(FIXTURE).header).toMatchObject({ format: 'veneerd/snapshot@1', commit: 7, id: 'fixture-7' });
    const view = VIEW.read(await partJson(FIXTURE, VIEW.name));
    expect([...view.modules.keys()]).toEqual(['mod_a', 'percpu', 'mod_b']);
    expect(view.bookmarks.get('here')).toEqual({ name: 'here', at: 2, since: 6 });
    const state = STATE.read(await partJson(FIXTURE, STATE.name));
    expect(state.modules.get('mod_b')?.imports).toEqual(view.modules.get('mod_b')?.imports);
    const ledger = LEDGER.read(await partJson(FIXTURE, LEDGER.name));
    expect(ledger.keys.get('kfree')).toMatchObject({ added: 1, older: 0 });
    expect(new Set(ledger.spans.map(({ tenant }) => tenant.module))).toEqual(
      new Set(['mod_a', 'percpu', 'mod_b', 'unknown_symbol']),
    );
    for (const part of [VIEW, STATE, LEDGER]) {
      const json = await partJson(FIXTURE, part.name);
      expect(JSON.parse(JSON.stringify((part as typeof VIEW).json(part.read(json) as never)))).toEqual(json);
    }
  });

  it.each([VIEW, STATE, LEDGER])('SNAP-3: a part of another format is refused by name: $name', (part) => {
    expect(() => part.read({ format: 'veneerd/other@7' })).toThrow('or earlier, found veneerd/other@7');
  });

  it('SNAP-8: with any bit of a part turned they are refused, never read as something else', async () => {
    const json = { format: 'x', list: Array.from({ length: 300 }, (_, i) => ({ i, name: `n${i % 7}` })) };
    const bytes = await encodeSnapshot(3, 'id', [await partText('only', json)]);
    const { start } = readHeader(bytes);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: start, max: bytes.length - 1 }), fc.nat({ max: 7 }), async (at, bit) => {
        const turned = Uint8Array.from(bytes);
        turned[at] = (turned[at] ?? 0) ^ (1 << bit);
        const read = await partJson(turned, 'only').catch((error: unknown) => error);
        // A bit of padding at the end says nothing.
        if (!(read instanceof SnapshotFault)) expect(read).toEqual(json);
      }),
    );
    await expect(partJson(bytes, 'another')).rejects.toThrow('expected a part called another, found only');
    await expect(partJson(bytes.subarray(0, bytes.length - 1), 'only')).rejects.toThrow(/^only: expected \d+ bytes/);
  });
});

describe('large JSON as lines', () => {
  it('SNAP-12: comes back as it was', async () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 8 });
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(await fromLines(await toLines(value))).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });

  it('SNAP-12: lets others have their turn while a large one is written and read', async () => {
    const value = { format: 'x', list: Array.from({ length: 20_000 }, (_, i) => ({ i, text: 'x'.repeat(100) })) };
    let turns = 0;
    let on = true;
    const tick = (): void => {
      turns++;
      if (on) setImmediate(tick);
    };
    setImmediate(tick);
    const lines = await toLines(value);
    const written = turns;
    expect(written).toBeGreaterThan(4);
    expect(await fromLines(lines)).toEqual(value);
    expect(turns - written).toBeGreaterThan(4);
    on = false;
    expect(
      Math.max(
        ...lines
          .toString()
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThan(100_000);
  });

  it('SNAP-12: a line that adds to no list is refused', async () => {
    const first = '{"format":"x","list":[],"inner":{"list":[]}}\n';
    for (const line of [
      '[["none"],[1]]',
      '[["inner","none"],[1]]',
      '[["format"],[1]]',
      '[["__proto__"],[1]]',
      '7',
      '[]',
    ]) {
      await expect(fromLines(Buffer.from(`${first}${line}\n`))).rejects.toThrow('adds to no list');
    }
    expect(await fromLines(Buffer.from(`${first}[["inner","list"],[1]]\n[["inner","list"],[2]]\n`))).toEqual({
      format: 'x',
      list: [],
      inner: { list: [1, 2] },
    });
  });
});
