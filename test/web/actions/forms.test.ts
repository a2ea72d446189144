import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientError } from '../../../clients/sdk/errors.ts';
import { type Client, connect } from '../../../clients/sdk/node.ts';
import { type BootForm, bootFields, fieldOf } from '../../../clients/web/actions/boot-fields.ts';
import { changedWord, type ForkForm, forkChanges, UNCHANGED } from '../../../clients/web/actions/fork-form.ts';
import type { Daemon } from '../../../daemon/daemon.ts';
import { FLAVOURS_OF } from '../../../protocol/flavours.ts';
import type { PresetAnswer } from '../../../protocol/presets.ts';
import { startMemoryDaemon } from '../../gateway/daemon.ts';

let daemon: Daemon;
let client: Client;
let presets: readonly PresetAnswer[];

const FORM: BootForm = {
  ...{ name: 'lab', preset: 'arm64-6.1', layout: '', flavour: '', functions: '', seed: '', profile: '' },
};
let machines = 0;

/** The profile that it boots, or where it is refused. */
async function boot(change: Partial<BootForm>) {
  const fields = bootFields({ ...FORM, ...change }, presets);
  if ('field' in fields) return fields;
  try {
    const { commit } = await client.boot(`m${machines++}`, fields);
    const [event] = commit.events;
    return event?.type === 'MachineBooted' ? event.profile : undefined;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { field: fieldOf(error.code, error.message), message: error.message };
  }
}

beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
  presets = await client.presets();
});
afterAll(async () => {
  client.close();
  await daemon.close();
});

describe('boot', () => {
  it('PAGE-61: every flavour that fits the architecture boots, with keys for functions where modules do not bring them', async () => {
    for (const { name, profile } of presets) {
      for (const flavour of FLAVOURS_OF[profile.arch]) {
        const booted = await boot({ preset: name, flavour, functions: 'schedule, printk schedule' });
        expect(booted).toMatchObject({ arch: profile.arch, staticCall: flavour });
        const keys = booted && 'staticCalls' in booted ? Object.keys(booted.staticCalls?.keys ?? {}) : [];
        expect(keys).toEqual(profile.arch === 'arm64' ? ['schedule', 'printk'] : []);
      }
    }
  });

  it('PAGE-61: layout, seed and a profile of one’s own go over the preset', async () => {
    expect(await boot({ layout: 'linux-6.12', seed: '7' })).toMatchObject({ layout: 'linux-6.12', kaslrSeed: 7 });
    expect(await boot({ profile: '{"vermagic":"x","pageSize":65536}' })).toMatchObject({
      vermagic: 'x',
      pageSize: 65536,
    });
  });

  it('PAGE-61: what is refused is said at its field, by the page or by the daemon', async () => {
    expect(await boot({ profile: '{' })).toMatchObject({
      field: 'profile',
      message: expect.stringContaining('no JSON'),
    });
    expect(await boot({ profile: '[]' })).toMatchObject({ field: 'profile' });
    expect(await boot({ profile: '{"kernel":{"text":"here"}}' })).toMatchObject({ field: 'profile' });
    expect(await boot({ profile: '{"errata":["1","1"],"pageSize":3}' })).toMatchObject({ field: 'profile' });
    expect(await boot({ seed: 'seven' })).toMatchObject({ field: 'seed' });
    expect(await boot({ seed: '99999999999' })).toMatchObject({ field: 'seed' });
    expect(await boot({ preset: 'vax' })).toMatchObject({ field: 'preset' });
    await client.boot('taken');
    const error: unknown = await client.boot('taken').catch((caught: unknown) => caught);
    expect(error instanceof ClientError && fieldOf(error.code, error.message)).toBe('name');
    const bad: unknown = await client.boot('Not a name').catch((caught: unknown) => caught);
    expect(bad instanceof ClientError && fieldOf(bad.code, bad.message)).toBe('name');
  });
});

describe('fork', () => {
  const changes = (change: Partial<ForkForm>) => forkChanges({ ...UNCHANGED, ...change });

  it('PAGE-69: nothing chosen is nothing changed', () => {
    expect(changes({})).toEqual({});
  });

  it('PAGE-69: each choice is the change that it says', () => {
    expect(changes({ flavour: 'literal', layout: 'linux-6.12' })).toEqual({
      profile: { staticCall: 'literal', layout: 'linux-6.12' },
    });
    expect(changes({ kaslr: 'none' })).toEqual({ kaslrSeed: null });
    expect(changes({ kaslr: 'seed', seed: ' 12 ' })).toEqual({ kaslrSeed: 12 });
    expect(changes({ windows: 'default', reserved: 'default' })).toEqual({
      profile: { moduleRegion: null, reserved: null },
    });
    expect(changes({ windows: 'no-direct', reserved: 'none' })).toEqual({
      profile: { moduleRegion: { direct: null }, reserved: [] },
    });
    expect(changes({ addKeys: 'kfree', dropKeys: 'a, b', without: 'xfs btrfs' })).toEqual({
      staticCalls: { with: ['kfree'], without: ['a', 'b'] },
      without: ['xfs', 'btrfs'],
    });
    expect(changes({ profile: '{"pageSize":65536,"errata":null}' })).toEqual({
      profile: { pageSize: 65536, errata: null },
    });
  });

  it('PAGE-69: what makes no sense is said at its field', () => {
    expect(changes({ kaslr: 'seed', seed: '' })).toMatchObject({ field: 'seed' });
    expect(changes({ profile: '7' })).toMatchObject({ field: 'profile' });
  });

  it('PAGE-69: the new name says what changed', () => {
    expect(changedWord({ ...UNCHANGED, flavour: 'literal' })).toBe('literal');
    expect(changedWord({ ...UNCHANGED, kaslr: 'seed', seed: '7' })).toBe('seed-7');
    expect(changedWord(UNCHANGED)).toBe('fork');
  });
});
