/** Every refusal here is one that the simulated kernel really gives: the sentences must fit its words, not words that a test made up. */
import { describe, expect, it } from 'vitest';
import { explainRefusal, type Refused } from '../../../clients/web/ui/refusal-words.ts';
import type { Event } from '../../../protocol/events/index.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { fixture, fixtureNames, machineOf, X86_64 } from '../../fixtures/fixtures.ts';
import { LAYOUTS, Machine, manifestBytes, profileOf } from '../../kernel/loader/machine.ts';

function refusalsOf(events: readonly Event[]): readonly Refused[] {
  return events.flatMap((event): Refused[] => {
    if (event.type === 'ModuleLoadFailed') return [{ ...event, op: 'load' }];
    return event.type === 'ModuleUnloadFailed' ? [{ ...event, op: 'unload' }] : [];
  });
}

const only = (events: readonly Event[]): Refused => {
  const [refused] = refusalsOf(events);
  if (refused === undefined) throw new Error(`nothing is refused in ${events.map(({ type }) => type).join(' ')}`);
  return refused;
};

const open = (more: Partial<MachineProfile> & { pages?: number } = {}): Machine =>
  new Machine(profileOf('linux-6.1', { openSymbols: true, ...more }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What is done, and a part of what the sentence must say. */
const CASES: readonly (readonly [name: string, expected: RegExp, refuse: () => readonly Event[]])[] = [
  ['a full window', /large enough/, () => open({ pages: 2 }).fixture('sections')],
  [
    'a full window of 6.12',
    /large enough/,
    () => new Machine(profileOf('linux-6.12', { pages: 2, openSymbols: true })).fixture('sections'),
  ],
  ['a symbol that nobody has', /nor a loaded module offers/, () => open({ openSymbols: false }).fixture('chain-b')],
  [
    'the same name twice',
    /there can only be one/,
    () => {
      const machine = open();
      machine.fixture('hello');
      return machine.fixture('hello');
    },
  ],
  ['a file that is none', /damaged/, () => open().load(bytes('no module'))],
  ['a manifest that is none', /manifest/, () => open().load(bytes('{"format":"veneerd/manifest@1"}'))],
  ['a manifest of another architecture', /manifest/, () => open().load(manifestBytes({ name: 'm', arch: 'x86-64' }))],
  [
    'an init function that fails',
    /its own init function/,
    () => open().fixture('hello', { init: { result: 'ENODEV' } }),
  ],
  [
    'no memory for site_mods',
    /site_mods/,
    () =>
      open({
        staticCall: 'inline-defuse',
        staticCalls: {
          keys: {
            _printk: {
              symbol: '_printk',
              func: '_printk',
              tramp: '0xffff800040001000',
              address: '0xffff800040180000',
            },
          },
        },
      }).fixture('calls', { failAllocation: 1 }),
  ],
  ['an unload of nothing', /no module of that name/, () => open().unload('nobody')],
  [
    'an unload of what is used',
    /other modules use/,
    () => {
      const machine = open();
      machine.fixture('chain-a');
      machine.fixture('chain-b');
      return machine.unload('chain_a');
    },
  ],
  [
    'an unload of what is held',
    /holds it/,
    () => {
      const machine = open();
      machine.fixture('hello');
      return machine.unload('hello', true);
    },
  ],
  [
    'an unload without an exit function',
    /for ever/,
    () => {
      const machine = open();
      machine.fixture('no-exit');
      return machine.unload('no_exit');
    },
  ],
];

describe('PAGE-40: a refusal is explained by the kernel’s own words', () => {
  it.each(CASES)('PAGE-40: %s', (_, expected, refuse) => {
    const refused = only(refuse());
    const { means, fix } = explainRefusal(refused);
    expect(`${refused.words}\n${means}`).toMatch(expected);
    expect(fix.length).toBeGreaterThan(0);
    for (const text of fix) expect(text).toMatch(/\.$/);
  });

  it('PAGE-40: every fixture that a machine refuses has words of its own, never those of the errno alone', () => {
    const met = new Set<string>();
    for (const layout of LAYOUTS) {
      for (const file of fixtureNames()) {
        const arch = machineOf(file) === X86_64 ? 'x86-64' : 'arm64';
        const vermagic = `6.1.0-fixture SMP mod_unload ${arch === 'arm64' ? 'aarch64' : ''}`;
        const machine = new Machine(profileOf(layout, { arch, vermagic }));
        machine.fixture('chain-a');
        for (const refused of refusalsOf(machine.load(fixture(file)))) {
          const { means } = explainRefusal(refused);
          expect(means, `${file}: ${refused.errno} ${refused.words}`).not.toBe(
            explainRefusal({ ...refused, words: '' }).means,
          );
          met.add(means);
        }
      }
    }
    expect(met.size).toBeGreaterThanOrEqual(8);
  });

  it('PAGE-40: an errno that no rule knows gets a sentence that names it', () => {
    const { means, fix } = explainRefusal({ op: 'load', errno: 'EFOO', words: 'who knows' });
    expect(means).toContain('EFOO');
    expect(fix).toHaveLength(1);
  });
});
