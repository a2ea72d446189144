import { describe, expect, it } from 'vitest';
import { CommitSchema } from '../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../protocol/commit-version.ts';
import { ClientFrameSchema } from '../../protocol/frames.ts';
import { DisassemblyQuerySchema } from '../../protocol/inspect.ts';
import { ModuleManifestSchema } from '../../protocol/manifest.ts';
import { MachineProfileSchema } from '../../protocol/profile.ts';
import { MachineNameSchema } from '../../protocol/schema.ts';
import { validator } from '../../protocol/validate.ts';

const commit = validator(CommitSchema, 'commit');
const manifest = validator(ModuleManifestSchema, 'manifest');

const good = {
  v: COMMIT_VERSION,
  number: 1,
  time: 0,
  id: 'a',
  command: { type: 'unload', module: 'm' },
  events: [{ type: 'ModuleGone', module: 'm' }],
};
const message = (value: unknown, check: (value: unknown) => unknown = commit) => {
  const result = check(value) as { ok: boolean; message?: string };
  expect(result.ok).toBe(false);
  return result.message;
};
/** Every object of a schema, itself included. */
function* nodesOf(schema: object): Generator<Readonly<Record<string, unknown>>> {
  yield { ...schema };
  for (const inner of Object.values(schema)) if (typeof inner === 'object' && inner !== null) yield* nodesOf(inner);
}
const event = (fields: object) => message({ ...good, events: [good.events[0], fields] });

describe('validation', () => {
  it('EVT-6: what is valid is given back as it is', () => {
    expect(commit(good)).toEqual({ ok: true, value: good });
  });

  it.each([
    [undefined, 'commit must be object'],
    [null, 'commit must be object'],
    [[], 'commit must be object'],
    [3, 'commit must be object'],
    [{ ...good, number: 0 }, '/number must be >= 1'],
    [{ ...good, time: Number.POSITIVE_INFINITY }, '/time must be integer'],
    [{ ...good, number: 1.5 }, '/number must be integer'],
    [{ ...good, events: [] }, '/events must not have fewer than 1 items'],
    [{ ...good, extra: 1 }, 'commit must not have additional properties: extra'],
    [{ ...good, command: { type: 'load' } }, '/command must have required properties blob'],
    [
      { ...good, command: { type: 'explode' } },
      '/command/type must be one of boot, load, unload, update, observe, bookmark',
    ],
    [{ ...good, command: 'unload' }, '/command must be object'],
    [{ ...good, command: { type: 'bookmark', name: 'a', at: -1 } }, '/command/at must be >= 0'],
    [{ ...good, command: { type: 'bookmark', name: 'a', at: 'b' } }, '/command/at must be integer or null'],
  ])('EVT-7: what is not is refused with its path (%#)', (value, words) => {
    expect(message(value)).toBe(words);
  });

  it('EVT-7: of alternatives that a type tells apart only the one counts that the value says it is', () => {
    expect(event({ type: 'ModuleGone', module: 3 })).toBe('/events/1/module must be string');
    expect(event({ type: 'ModuleLive' })).toBe('/events/1 must have required properties module');
    expect(event({ type: 'Nonsense' })).toMatch(/^\/events\/1\/type must be one of MachineBooted, /);
    expect(event({ module: 'm' })).toMatch(/^\/events\/1\/type must be one of /);
    const freed = { type: 'MemoryFreed', module: 'm', part: 'core', size: 1, guard: 1, lazy: false };
    expect(event({ ...freed, address: '0xABC' })).toBe('/events/1/address must be 0x and 16 lowercase hex digits');
  });

  it('EVT-7: a form is told in words, never as a pattern', () => {
    const name = validator(MachineNameSchema, 'machine');
    expect(message('No Name', name)).toMatch(/^machine must be a name of 1 to 63 characters/);
    const wordless = [
      ...nodesOf([CommitSchema, ModuleManifestSchema, MachineProfileSchema, ClientFrameSchema, DisassemblyQuerySchema]),
    ].filter((node) => typeof node.pattern === 'string' && typeof node.description !== 'string');
    expect(wordless).toEqual([]);
  });

  it('EVT-7: at most three faults are told, each of at most 300 characters', () => {
    const long = 'x'.repeat(100_000);
    const words = message({ ...good, [long]: 1 }) ?? '';
    expect(words.length).toBeLessThan(310);
    const many = Array.from({ length: 9 }, () => ({ type: 'ModuleGone', module: 3 }));
    expect(message({ ...good, events: many })?.split('; ')).toHaveLength(3);
  });

  it('EVT-8: keys like __proto__ are keys like others: refused where nothing unknown is allowed', () => {
    const text = JSON.stringify(good);
    const at = (from: string, to: string) => message(JSON.parse(text.replace(from, to)));
    expect(at('{"v"', '{"__proto__":{"admin":true},"v"')).toContain('additional properties: __proto__');
    expect(at('{"type":"unload"', '{"__proto__":{"held":true},"type":"unload"')).toContain('__proto__');
    expect(at('{"type":"ModuleGone"', '{"__proto__":{"type":"ModuleGone"},"kind":"ModuleGone"')).toContain('/type');
    expect(at('{"v"', '{"constructor":1,"toString":2,"v"')).toContain('constructor, toString');
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('EVT-8: a field that a prototype would have is missing all the same', () => {
    expect(message(Object.create(good))).toMatch(/required properties v, number/);
  });

  it('EVT-9: depth and size alone make no trouble', () => {
    const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    expect(message({ ...good, events: deep })).toBe('/events/0 must be object');
    expect(message({ ...good, events: [{ type: 'ModuleGone', module: deep }] })).toBe(
      '/events/0/module must be string',
    );
    const flags = Array.from({ length: 300_000 }, (_, i) => i);
    const sections = [{ name: '.text', size: 1, align: 1, flags }];
    expect(message({ sections }, manifest)).toContain('/sections/0/flags must not have more than 3 items');
    const imports = Array.from({ length: 300_000 }, () => 1);
    expect(message({ imports }, manifest)).toContain('/imports/0 must be string or object');
  });

  it('EVT-9: numbers beyond what a double holds exactly are refused where they are counts', () => {
    const event = { type: 'RelocationsApplied', module: 'm', pltUsed: { core: 0, init: 0 } };
    const branches = { direct: 0, veneer: 0 };
    const text = JSON.stringify({ ...good, events: [{ ...event, branches, relocations: 7 }] });
    for (const number of ['1e308', '9007199254740993', '-1', '0.5', '1e400']) {
      expect(message(JSON.parse(text.replace('7', number))), number).toMatch(/^\/events\/0\/relocations must be /);
    }
  });

  it('EVT-7: fields of records and of tuples have paths too', () => {
    const profile = validator(MachineProfileSchema, 'profile');
    const words = (fields: object) => message({ arch: 'arm64', ...fields }, profile)?.split('; ')[1];
    expect(words({ symbols: { _printk: 'here' } })).toMatch(/^\/symbols\/_printk must be 0x and 1 to 16 hex digits/);
    expect(words({ reserved: [['0x0', '0x1', '0x2']] })).toBe('/reserved/0 must not have more than 2 items');
    expect(words({ reserved: [['0x0', 5]] })).toBe('/reserved/0/1 must be string');
    expect(words({ moduleRegion: { direct: { start: '0x0' } } })).toBe(
      '/moduleRegion/direct must have required properties end',
    );
    expect(words({ moduleRegion: { direct: 7 } })).toBe('/moduleRegion/direct must be object or null');
  });
});
