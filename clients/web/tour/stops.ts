/**
 * The guided tour: the seven points of the thread of November 2018 from which all this comes, each at a position of a
 * recorded session where it can be seen. Pure data. docs/how-it-works.md tells the same at length;
 * test/web/tour/stops.test.ts holds every figure and every claim of these texts against the sessions.
 */
import type { Hex } from '../../../protocol/address.ts';

/** The part of the page that a stop points at. */
export type Panel = 'space' | 'keys' | 'feed' | 'time' | 'inspector';

/** What a stop pins in the inspector: a site or a trampoline by its address, or a key. There at `before` too. */
export type Pinned =
  | { readonly kind: 'address'; readonly address: Hex }
  | { readonly kind: 'key'; readonly name: string };

export interface Stop {
  /** Stands in links. */
  readonly id: string;
  readonly title: string;
  /** Two sentences. What stands between backticks is code. */
  readonly text: readonly [string, string];
  /** The machine's name, once the session is in the daemon. */
  readonly machine: string;
  /** A file in `sessions/`. */
  readonly session: string;
  /** The position to look at. */
  readonly commit: number;
  /** An earlier position to come from: the steps between the two are what the stop tells. */
  readonly before?: number;
  readonly select: Pinned;
  readonly look: Panel;
  /** What the address space shows: from the first address to the second, which is not in it any more. */
  readonly span: readonly [Hex, Hex];
}

/** A machine of the tour bears the name of its session. */
const at = (
  machine: string,
  commit: number,
  before?: number,
): Pick<Stop, 'machine' | 'session' | 'commit' | 'before'> => ({
  machine,
  session: `${machine}.veneer.jsonl.gz`,
  commit,
  ...(before !== undefined && { before }),
});
const address = (hex: Hex): Pinned => ({ kind: 'address', address: hex });
const key = (name: string): Pinned => ({ kind: 'key', name });

export const STOPS: readonly Stop[] = [
  {
    id: 'site-mods',
    title: 'One key knows every call',
    text: [
      'A static call is a call instruction that the kernel rewrites when its function changes; the key of `_printk` finds all of them through a list, `site_mods`, with one node for each module, newest first: `calls`, `sections`, `compiled`.',
      'A node needs memory, and one step earlier there was none for the second node of `calls`: the kernel warned “Failed to allocate memory for static calls” and the module did not load.',
    ],
    ...at('tour-near', 5, 4),
    select: key('_printk'),
    look: 'keys',
    span: ['0xffff800000d00000', '0xffff800000d20000'],
  },
  {
    id: 'defuse',
    title: 'Poison traps those who are far away',
    text: [
      'Calls first go by way of a few instructions called the trampoline; once calls are patched to call the function itself nobody should come there any more, so it is poisoned with `brk #0x800`, which traps.',
      'But one arm64 branch bridges only 128 MiB, and `calls` lies 245 MiB from `_printk`: its 8 static calls still end in a poisoned trampoline, so on arm64 it has to be defused instead – kept, to bounce such calls to the function.',
    ],
    ...at('tour-poisoned', 3),
    select: address('0xffff800018000000'),
    look: 'space',
    span: ['0xffff800000d00000', '0xffff800018010000'],
  },
  {
    id: 'callee',
    title: 'A far call does not name its trampoline',
    text: [
      'To find the trampoline, the 2018 code reads the call instruction and takes the address that is called.',
      '`sections` is 243 MiB away from its trampoline, so the module loader let the call go to a veneer, a longer jump in the module’s own PLT: what is read back is that PLT entry, `0xffff800018000040`, and not the trampoline, `0xffff800008cf0000`.',
    ],
    ...at('tour-far', 2),
    select: address('0xffff800018000008'),
    look: 'inspector',
    span: ['0xffff800018000000', '0xffff800018009000'],
  },
  {
    id: 'orig',
    title: 'The key has to remember: void *orig',
    text: [
      'Hence `void *orig`, in which a key keeps its trampoline’s address whatever a call instruction says; this machine runs without it, so a PLT entry of three words was taken for the trampoline and four words were written over it.',
      'When `kfree` then gets another function not one patch is made, and the 2 calls that go by way of that entry still arrive at the old one.',
    ],
    ...at('tour-lost', 3, 2),
    select: address('0xffff800018000044'),
    look: 'inspector',
    span: ['0xffff800018000000', '0xffff800018001000'],
  },
  {
    id: 'out-of-line',
    title: 'Out of line: one branch, or four instructions',
    text: [
      'In this flavour no call is ever patched: all go to the trampoline, which is one branch, `b`, as long as the function is within 128 MiB of it.',
      'Now `kfree` gets a function 243 MiB away and the trampoline becomes `movn`, `movk`, `movk`, `br`: one word can be replaced while other CPUs run it, four cannot, so all CPUs are stopped for this write.',
    ],
    ...at('tour-outside', 5, 4),
    select: address('0xffff800008cf0010'),
    look: 'feed',
    span: ['0xffff800000d00000', '0xffff800018010000'],
  },
  {
    id: 'inline',
    title: 'Inline: trampoline and calls are patched',
    text: [
      'At first the trampoline of `kfree` loads its target from memory, `adrp`, `ldr`, `br`; when `compiled` brings the key’s first call it changes to `movn`, `movk`, `movk`, `br`, with the target in the instructions, and that call to a direct `bl` to the function.',
      'In the last step `kfree` gets a function 371 MiB from that call, which becomes a `bl` to the trampoline, now a veneer on its way; the 4 calls in `calls`, nearer to the new function, become direct.',
    ],
    ...at('tour-far', 6, 2),
    select: address('0xffff800008cf0010'),
    look: 'feed',
    span: ['0xffff800000d00000', '0xffff800018010000'],
  },
  {
    id: 'share',
    title: 'Most calls stay one branch',
    text: [
      'Modules land far away for two reasons only: randomisation (KASLR) over 2 GB, or, as here with Debian’s own modules, a 128 MB window that is full – the first to find no room in it is `at86rf230`, after 1204 others.',
      'At this step 59 modules lie beyond the window, and still 5069 of 5143 static calls, 98.6 %, are one relative branch.',
    ],
    ...at('demo', 1268, 1207),
    select: key('__cond_resched'),
    look: 'time',
    span: ['0xffff800000d00000', '0xffff800080d00000'],
  },
];
