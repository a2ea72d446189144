import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { boot } from '../../../daemon/kernel/machine/boot.ts';
import { LIMITS } from '../../../daemon/kernel/machine/check.ts';
import { PRESETS } from '../../../daemon/kernel/machine/presets.ts';
import { initialState } from '../../../daemon/kernel/state.ts';
import { fromHex } from '../../../protocol/address.ts';
import { type MachineProfile, MachineProfileSchema } from '../../../protocol/profile.ts';
import { validator } from '../../../protocol/validate.ts';
import { booted, refused, windowOf } from './support.ts';

const TRUTH = new URL('../../../../shared/truth/', import.meta.url);
const isProfile = validator(MachineProfileSchema, 'profile');

describe('a boot', () => {
  it('BOOT-1: happens once in the life of a machine', () => {
    const first = boot(initialState(), { type: 'boot' });
    if (!first.ok) throw new Error(first.message);
    expect(first.events).toHaveLength(1);
    expect(boot(first.state, { type: 'boot' })).toMatchObject({ ok: false, code: 'machine-exists' });
  });

  it('BOOT-2: needs no file, and takes arm64-6.1 where nobody chooses', () => {
    expect(booted({})).toEqual(booted({ preset: 'arm64-6.1' }));
    expect(booted({})).toMatchObject({ arch: 'arm64', layout: 'linux-6.1', openSymbols: true });
  });

  it.each([...PRESETS.keys()])('BOOT-2: the preset %s is a whole profile', (preset) => {
    expect(isProfile(booted({ preset })).ok).toBe(true);
  });

  it('BOOT-2: refuses a preset that is not there, and names those that are', () => {
    expect(refused({ preset: 'riscv' })).toMatch(
      /^bad-command: preset is riscv, expected one of arm64-6\.1, arm64-6\.12, /,
    );
  });

  it('BOOT-3: a profile overlays its preset', () => {
    const profile = booted({ preset: 'arm64-6.12', profile: { pageSize: 65536, errata: ['843419'] } });
    expect(profile).toMatchObject({ layout: 'linux-6.12', pageSize: 65536, errata: ['843419'], openSymbols: true });
  });

  it('BOOT-3: a profile with an architecture and a layout is completed', () => {
    expect(booted({ profile: { arch: 'x86-64', layout: 'linux-6.12' } })).toEqual(booted({ preset: 'x86-64-6.12' }));
  });

  it('BOOT-3: refuses a profile that says neither what it is nor where to begin', () => {
    expect(refused({ profile: { pageSize: 4096 } })).toBe(
      'bad-command: profile: /arch or /layout is missing, expected both or a preset',
    );
    expect(
      refused({ profile: { arch: 'arm64', layout: 'linux-6.1', symbols: { printk: '0xffff800008010000' } } }),
    ).toBe('bad-command: profile: /kernel is missing, expected it with /symbols or a preset');
  });

  it('BOOT-7: a kernel whose symbols are known exports no others', () => {
    expect(booted({ preset: 'arm64-6.1', profile: { symbols: {} } })).not.toHaveProperty('openSymbols');
  });

  it('BOOT-4: 6.1 on arm64 has 128 MB and 2 GB from etext - 128 MB', () => {
    expect(booted({ preset: 'arm64-6.1' }).moduleRegion).toEqual({
      direct: { start: '0xffff800000d00000', end: '0xffff800008d00000' },
      fallback: { start: '0xffff800000d00000', end: '0xffff800080d00000' },
    });
  });

  it("BOOT-4: 6.12 on arm64 has the 128 MB and the 2 GB before the image's end", () => {
    expect(booted({ preset: 'arm64-6.12' }).moduleRegion).toEqual({
      direct: { start: '0xffff80007a4f0000', end: '0xffff8000824f0000' },
      fallback: { start: '0xffff8000024f0000', end: '0xffff8000824f0000' },
    });
  });

  it('BOOT-4: an image of 128 MB or more leaves 6.12 without a direct window', () => {
    const kernel = { text: '0xffff800080000000', etext: '0xffff800085000000', end: '0xffff800088000000' } as const;
    const { direct, fallback } = booted({ preset: 'arm64-6.12', profile: { kernel } }).moduleRegion;
    expect(direct).toBeNull();
    expect(windowOf(fallback).size).toBe(2 ** 31);
  });

  it('BOOT-4: x86-64 has one window', () => {
    expect(booted({ preset: 'x86-64-6.12' }).moduleRegion).toEqual({
      direct: { start: '0xffffffffc0000000', end: '0xffffffffff000000' },
      fallback: null,
    });
  });

  it('BOOT-5: reserves the image and its guard page where an arm64 profile does not say', () => {
    expect(booted({ preset: 'arm64-6.12-16k' }).reserved).toEqual([['0xffff800080000000', '0xffff8000824f4000']]);
    expect(booted({ preset: 'x86-64-6.1' }).reserved).toEqual([]);
    expect(booted({ preset: 'arm64-6.12', profile: { reserved: [] } }).reserved).toEqual([]);
  });
});

describe('a recorded machine', () => {
  const sessions = existsSync(TRUTH) ? readdirSync(TRUTH).filter((name) => existsSync(scenarioOf(name))) : [];

  it.skipIf(sessions.length === 0)('BOOT-3: ../shared/truth holds machines to boot', () => {
    expect(sessions.length).toBeGreaterThan(0);
  });

  it.each(sessions)('BOOT-3: %s boots as it is recorded', (session) => {
    const { machine } = JSON.parse(readFileSync(scenarioOf(session), 'utf8')) as { machine: MachineProfile };
    expect(booted({ profile: machine })).toEqual(machine);
  });

  it.each(sessions)("BOOT-4: %s's windows follow from its image", (session) => {
    const { machine } = JSON.parse(readFileSync(scenarioOf(session), 'utf8')) as { machine: MachineProfile };
    const { moduleRegion, ...rest } = machine;
    expect(booted({ profile: rest }).moduleRegion).toEqual({ fallback: null, ...moduleRegion });
  });

  function scenarioOf(session: string): URL {
    return new URL(`${session}/scenario.json`, TRUTH);
  }
});

describe('a profile that makes no sense', () => {
  const base = booted({ preset: 'arm64-6.1' });
  const direct = { start: '0xffff800000d00000', end: '0xffff800008d00000' } as const;
  const bad: readonly [string, Record<string, unknown>, string][] = [
    ['an architecture that is none', { arch: 'riscv' }, '/arch'],
    ['an unsupported page size', { pageSize: 8192 }, '/pageSize'],
    ['an address that is not hex', { symbols: { printk: 'here' } }, '/symbols/printk'],
    [
      'an address that is not canonical',
      { symbols: { printk: '0x0fff800008d00000' } },
      '/symbols/printk is 0x0fff800008d00000, expected a canonical address',
    ],
    [
      'text beyond etext',
      { kernel: { ...base.kernel, text: base.kernel.end } },
      '/kernel/etext is 0xffff800008d00000, expected an address above text',
    ],
    [
      'etext beyond the end',
      { kernel: { ...base.kernel, end: base.kernel.text } },
      '/kernel/end is 0xffff800008000000, expected an address not below etext',
    ],
    [
      'init text that ends before it starts',
      { kernel: { ...base.kernel, initFree: ['0xffff800009001000', '0xffff800009000000'] } },
      '/kernel/initFree/1',
    ],
    [
      'a window that ends where it starts',
      { moduleRegion: { direct: { ...direct, end: direct.start } } },
      '/moduleRegion/direct/end is 0xffff800000d00000, expected an address above start',
    ],
    [
      'a window that is not page aligned',
      { moduleRegion: { direct: { ...direct, start: '0xffff800000d00800' } } },
      '/moduleRegion/direct/start is 0xffff800000d00800, expected a multiple of the page size, 4096',
    ],
    [
      'an image where no kernel lies',
      { kernel: { text: '0xffe0000000000001', etext: '0xffe0000000010000', end: '0xffe0000000020000' } },
      '/kernel is [0xffe0000000000001',
    ],
    ['a reserved area that is empty', { reserved: [['0xffff800000d01000', '0xffff800000d01000']] }, '/reserved/0/1'],
    [
      'reserved areas that overlap',
      {
        reserved: [
          ['0xffff800000d03000', '0xffff800000d05000'],
          ['0xffff800000d01000', '0xffff800000d04000'],
        ],
      },
      '/reserved/0 starts at 0xffff800000d03000, expected no overlap with /reserved/1',
    ],
    ['a per-CPU range that is empty', { percpu: { start: '0x2000', end: '0x1000' } }, '/percpu/end'],
    [
      'a key without an address',
      { staticCalls: { keys: { k: { address: '0x0fff000000000000', func: '0x0', tramp: '0x0' } } } },
      '/staticCalls/keys/k/address',
    ],
    [
      'too many reserved areas',
      { reserved: Array.from({ length: LIMITS['/reserved'] + 1 }, () => ['0x0', '0x1']) },
      '/reserved has 16385 entries, expected at most 16384',
    ],
    ['an errata list that is a number', { errata: 843419 }, '/errata'],
    ['a kernel that is nothing', { kernel: null }, '/kernel'],
    ['windows that are nothing', { moduleRegion: null }, '/moduleRegion'],
    ['reserved areas that are nothing', { reserved: null }, '/reserved'],
  ];

  it.each(bad)('BOOT-6: is refused for %s', (_, fields, path) => {
    const message = refused({ profile: { ...base, ...fields } as MachineProfile });
    expect(message.startsWith('bad-command: profile: ')).toBe(true);
    expect(message).toContain(path);
  });

  it('BOOT-6: is refused before its windows are worked out', () => {
    const kernel = { ...base.kernel, end: 'nowhere' } as unknown as MachineProfile['kernel'];
    expect(refused({ preset: 'arm64-6.1', profile: { kernel } })).toContain('/kernel/end');
  });

  it('BOOT-6: an x86-64 window may be larger, for a call reaches 2 GB', () => {
    expect(fromHex(booted({ preset: 'x86-64-6.1' }).moduleRegion.direct?.end ?? '')).toBe(-(2 ** 24));
  });
});
