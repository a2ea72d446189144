import { expect, it } from 'vitest';
import { diffLines } from '../../clients/cli/format/diff.ts';
import { eventLine } from '../../clients/cli/format/event.ts';
import { output } from '../../clients/cli/output.ts';
import { diffViews } from '../../protocol/view/diff.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { type ViewJson, viewJson } from '../../protocol/view/json.ts';
import { Machine, profileOf } from '../kernel/loader/machine.ts';

const { paint } = output(true, {}, process.stdout, process.stderr);

function viewOf(machine: Machine, loads: readonly string[]): ViewJson {
  const view = fold(emptyView(), {
    v: 1,
    number: 1,
    time: 1,
    id: 'c1',
    command: { type: 'unload', module: 'm' },
    events: [
      { type: 'MachineBooted', profile: profileOf('linux-6.1') },
      ...loads.flatMap((name) => [...machine.fixture(name)]),
    ],
  });
  return viewJson(view);
}

it('AT-6: events of bookmarks read as words', () => {
  expect(eventLine({ type: 'BookmarkSet', name: 'before-oom', at: 1812 })).toBe(
    '@before-oom is the position after commit 1,812',
  );
  expect(eventLine({ type: 'BookmarkRemoved', name: 'before-oom' })).toBe('@before-oom is no position any more');
});

it('DIFF-6: a diff reads as what came, went and changed', () => {
  const from = viewOf(new Machine(profileOf('linux-6.1')), ['hello']);
  const to = viewOf(new Machine(profileOf('linux-6.1')), ['chain-a', 'hello']);
  expect(diffLines(diffViews(from, to, true), 20, paint)).toEqual([
    'modules',
    '  + chain_a  LIVE, 16 KiB at 0xffff800000000000, direct window',
    '  ~ hello: core 0xffff800000000000 -> 0xffff800000005000; also sections, veneers',
    'windows',
    '  ~ direct: +20 KiB used, now 40 KiB (0.1 %); largest hole -20 KiB',
    '  ~ 2 areas came, 1 went',
    'counters',
    expect.stringMatching(/^ {2}~ relocations: \d+ -> \d+$/),
    '  ~ loads since boot: 1 -> 2',
  ]);
});

it('DIFF-6: of each kind so many lines, and how many more there are; names from outside move no cursor', () => {
  const machine = new Machine(profileOf('linux-6.1'));
  for (let n = 0; n < 5; n++) machine.manifest({ name: `m${n}\u001b[2J` });
  const events = ['a', 'b', 'c'].map((name) => machine.manifest({ name: `${name}\u001b[2J` }));
  const commit = (number: number, list: (typeof events)[number]) => ({
    v: 1,
    number,
    time: 1,
    id: `c${number}`,
    command: { type: 'unload' as const, module: 'm' },
    events: [...list],
  });
  const view = events.reduce((all, list, i) => fold(all, commit(i + 1, list)), emptyView());
  const lines = diffLines(diffViews(viewJson(emptyView()), viewJson(view), true), 2, paint);
  expect(lines.slice(0, 4)).toEqual([
    'modules',
    expect.stringMatching(/^ {2}\+ a\\x1b\[2J {2}LIVE, /),
    expect.stringMatching(/^ {2}\+ b\\x1b\[2J {2}LIVE, /),
    '  … and 1 more: --all shows them',
  ]);
});
