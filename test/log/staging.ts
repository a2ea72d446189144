/** What every store promises of machines in the making; a part of the conformance suite. */
import { expect, it } from 'vitest';
import type { NewEntry } from '../../daemon/log/log.ts';
import { EPOCH, LATER, type Suite } from './suite.ts';

export function stagingSuite({ log, other, fresh }: Suite): void {
  const commits = (count: number, from = 1): readonly NewEntry[] =>
    Array.from({ length: count }, (_, n) => ({ id: `c${from + n}`, text: `text of ${from + n}` }));

  const published = async (name: string, entries: readonly NewEntry[], epoch = EPOCH) => {
    const staging = log().stage(name, epoch);
    await staging.append(entries);
    return staging.publish();
  };

  it('LOG-23: staged commits are nowhere to be seen, then all of them are the machine', async () => {
    const name = fresh();
    const staging = log().stage(name, EPOCH);
    for (let from = 1; from <= 901; from += 300) await staging.append(commits(300, from));
    expect(await log().head(name)).toBeUndefined();
    expect((await log().list()).machines.map((machine) => machine.name)).not.toContain(name);
    expect(await log().read(name, EPOCH, { after: 0 })).toEqual({ status: 'no-such-machine' });
    expect(await log().find(name, EPOCH, 'c1')).toBeUndefined();

    expect(await staging.publish()).toEqual({ status: 'created', epoch: EPOCH, head: 1200 });
    expect(await other().head(name)).toEqual({ name, epoch: EPOCH, first: 1, head: 1200 });
    expect((await log().list()).machines.map((machine) => machine.name)).toContain(name);
    const page = await log().read(name, EPOCH, { after: 0, limit: 5000 });
    expect(page).toMatchObject({ entries: commits(1200).map((entry, at) => ({ number: at + 1, ...entry })) });
    const more = { id: 'more', text: 'x' };
    expect(await log().append(name, EPOCH, 1200, { id: 'c700', text: 'x' })).toMatchObject({ number: 700 });
    expect(await other().append(name, EPOCH, 1200, more)).toEqual({ status: 'appended', number: 1201 });
    expect(await log().create(name, LATER, { id: 'c1', text: 'x' })).toMatchObject({ status: 'duplicate' });
  });

  it('LOG-23: of two that stage one name the first publish wins, and the other is told which machine it is', async () => {
    const name = fresh();
    const mine = log().stage(name, EPOCH);
    const theirs = other().stage(name, LATER);
    await Promise.all([mine.append(commits(400)), theirs.append(commits(20, 500))]);
    expect(await theirs.publish()).toEqual({ status: 'created', epoch: LATER, head: 20 });
    expect(await mine.publish()).toEqual({ status: 'machine-exists', epoch: LATER, head: 20 });
    expect(await log().read(name, LATER, { after: 0 })).toMatchObject({ status: 'page', head: 20 });
    expect(await log().head(name)).toMatchObject({ epoch: LATER, head: 20 });
    await expect(mine.publish()).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('LOG-23: of many that publish at once one does', async () => {
    const name = fresh();
    const all = Array.from({ length: 6 }, (_, n) => (n % 2 ? log() : other()).stage(name, `epoch10${n}`));
    await Promise.all(all.map((staging, n) => staging.append(commits(10, n * 100 + 1))));
    const statuses = (await Promise.all(all.map((staging) => staging.publish()))).map(({ status }) => status);
    expect(statuses.sort()).toEqual(['created', ...Array.from({ length: 5 }, () => 'machine-exists')]);
    expect(await log().head(name)).toMatchObject({ head: 10 });
  });

  it('LOG-24: the same commits published again are a duplicate, also when the machine went on', async () => {
    const name = fresh();
    expect(await published(name, commits(5))).toMatchObject({ status: 'created' });
    expect(await published(name, commits(5), LATER)).toEqual({ status: 'duplicate', epoch: EPOCH, head: 5 });
    await log().append(name, EPOCH, 5, { id: 'c6', text: 'x' });
    expect(await published(name, commits(5), LATER)).toEqual({ status: 'duplicate', epoch: EPOCH, head: 6 });
    for (const others of [
      commits(7),
      commits(5, 2),
      [...commits(4), { id: 'c9', text: 'x' }],
      [{ id: 'c1', text: 'other' }, ...commits(5).slice(1)],
    ]) {
      expect(await published(name, others, LATER)).toEqual({ status: 'machine-exists', epoch: EPOCH, head: 6 });
    }
    await log().putSnapshot(name, EPOCH, 6, Uint8Array.of(6));
    await log().trim(name, EPOCH, 6);
    expect(await published(name, commits(5), LATER)).toMatchObject({ status: 'machine-exists' });
  });

  it('LOG-23: what is discarded leaves nothing, and nothing can be added to what is over', async () => {
    const name = fresh();
    const staging = log().stage(name, EPOCH);
    await staging.append(commits(3));
    await staging.discard();
    expect(await log().head(name)).toBeUndefined();
    const over = { code: 'invalid-argument' };
    await expect(staging.append(commits(1, 4))).rejects.toMatchObject(over);
    await expect(staging.publish()).rejects.toMatchObject(over);
    expect(await published(name, commits(2), LATER)).toMatchObject({ status: 'created' });
    const empty = log().stage(fresh(), EPOCH);
    await expect(empty.publish()).rejects.toThrow('at least one commit');
    await empty.discard();
  });

  it('LOG-23: discarding what was published leaves the machine', async () => {
    const name = fresh();
    const staging = log().stage(name, EPOCH);
    await staging.append(commits(3));
    await staging.publish();
    await staging.discard();
    expect(await log().read(name, EPOCH, { after: 0 })).toMatchObject({ entries: [{}, {}, {}] });
  });

  it('LOG-10: an id that is staged twice, and what breaks the rules, is refused by name', async () => {
    const twice = log().stage(fresh(), EPOCH);
    await twice.append(commits(300));
    await expect(twice.append([...commits(2, 400), { id: 'c7', text: 'x' }])).rejects.toThrow('id c7 is there twice');
    await expect(twice.publish()).rejects.toThrow('an earlier append failed');
    await twice.discard();
    const name = fresh();
    const bad = log().stage(name, EPOCH);
    await expect(bad.append([{ id: 'new\nline', text: 'x' }])).rejects.toMatchObject({ code: 'invalid-argument' });
    await bad.append(commits(1));
    expect(await bad.publish()).toMatchObject({ status: 'created', head: 1 });
    expect(() => log().stage('../x', EPOCH)).toThrow('name of a machine');
    expect(() => log().stage(name, 'short')).toThrow('epoch');
  });

  it('LOG-25: find says which commit has an id, as long as it is there', async () => {
    const name = fresh();
    await published(name, commits(5));
    expect(await log().find(name, EPOCH, 'c1')).toBe(1);
    expect(await other().find(name, EPOCH, 'c5')).toBe(5);
    expect(await log().find(name, EPOCH, 'c6')).toBeUndefined();
    expect(await log().find(name, LATER, 'c1')).toBeUndefined();
    expect(await log().find(fresh(), EPOCH, 'c1')).toBeUndefined();
    await expect(log().find(name, EPOCH, 'new\nline')).rejects.toMatchObject({ code: 'invalid-argument' });
    await log().putSnapshot(name, EPOCH, 3, Uint8Array.of(3));
    await log().trim(name, EPOCH, 3);
    expect(await log().find(name, EPOCH, 'c3')).toBeUndefined();
    expect(await log().find(name, EPOCH, 'c4')).toBe(4);
  });
}
