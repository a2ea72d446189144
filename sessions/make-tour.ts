/**
 * Makes tour-*.veneer.jsonl.gz, the sessions of the page's guided tour (clients/web/tour/stops.ts): small invented arm64
 * machines that load the test fixtures' modules, so that each point of the thread happens at a commit of its own. modules/
 * holds those modules.
 *
 * Run it with `npx tsx sessions/make-tour.ts`. The same sources give the same commits: there is no clock and no chance in it.
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSession } from '../clients/cli/session-file.ts';
import { decide, initialState, type State } from '../daemon/kernel/kernel.ts';
import { fromHex, type Hex, toHex } from '../protocol/address.ts';
import type { Command, CommandOf } from '../protocol/commands.ts';
import type { Commit } from '../protocol/commit.ts';
import { COMMIT_VERSION } from '../protocol/commit-version.ts';
import { fixture } from '../test/fixtures/fixtures.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PRESET = 'arm64-6.1';
/** 2026-01-01, and a second between commits: a session's times are part of its bytes. */
const START = Date.UTC(2026, 0, 1);
const STEP = 1000;

/** The direct window's first addresses, and where the fallback window has room when the direct one is taken. */
const DIRECT = '0xffff800000d00000';
const FALLBACK = '0xffff800018000000';
/** Room near for `compiled` alone: its core part, 20 KiB, and a guard page. */
const ROOM_FOR_ONE = '0xffff800000d06000';
/** `traced` of sections.ko, the first function in its text, where these machines load it. */
const TRACED = '0xffff800018000000';

/** In the image: trampolines at the end of its text, keys in its data. */
const TRAMPOLINES = '0xffff800008cf0000';
const KEYS = '0xffff800009ff0000';

type Profile = NonNullable<CommandOf<'boot'>['profile']>;

interface TourSession {
  readonly machine: string;
  readonly about: string;
  readonly profile: Profile;
  readonly steps: readonly Step[];
}

/** A module file to load, with what is special about it, or any other command. */
type Step = { readonly load: string; readonly failAllocation?: number } | CommandOf<'update'>;

/** Two functions of the image are static calls; `taken` is what others hold of the windows. */
function profile(staticCall: NonNullable<Profile['staticCall']>, taken: readonly [Hex, Hex][]): Profile {
  const key = (symbol: string, slot: number) => ({
    symbol,
    func: symbol,
    tramp: toHex(fromHex(TRAMPOLINES) + slot * 16),
    address: toHex(fromHex(KEYS) + slot * 32),
  });
  return {
    vermagic: '6.1.0-fixture SMP mod_unload aarch64',
    reserved: [...taken],
    staticCall,
    staticCalls: { keys: { _printk: key('_printk', 0), kfree: key('kfree', 1) } },
  };
}

const update = (key: string, func: string): CommandOf<'update'> => ({ type: 'update', key, func });

const SESSIONS: readonly TourSession[] = [
  {
    machine: 'tour-near',
    about:
      'three modules beside the kernel; the allocation of a site_mods node fails once; every call follows an update',
    profile: profile('inline-defuse', []),
    steps: [
      { load: 'compiled.ko' },
      { load: 'sections.ko' },
      { load: 'calls.ko', failAllocation: 2 },
      { load: 'calls.ko' },
      update('_printk', '_printk_deferred'),
    ],
  },
  {
    machine: 'tour-poisoned',
    about: 'poisoned trampolines: a module near is well, the calls of one 245 MiB away would trap',
    profile: profile('inline-poison', [[ROOM_FOR_ONE, FALLBACK]]),
    steps: [{ load: 'compiled.ko' }, { load: 'calls.ko' }],
  },
  {
    machine: 'tour-far',
    about: 'defused trampolines: far calls go by way of PLT entries and trampolines, also when a function moves away',
    profile: profile('inline-defuse', [[ROOM_FOR_ONE, FALLBACK]]),
    steps: [
      { load: 'sections.ko' },
      { load: 'compiled.ko' },
      { load: 'calls.ko' },
      update('_printk', '_printk_deferred'),
      update('kfree', TRACED),
    ],
  },
  {
    machine: 'tour-lost',
    about:
      'keys without orig: the PLT entry is taken for the trampoline, and an update does not reach the calls behind it',
    profile: { ...profile('inline-defuse', [[DIRECT, FALLBACK]]), staticCallOrig: false },
    steps: [{ load: 'calls.ko' }, update('kfree', 'kvfree')],
  },
  {
    machine: 'tour-outside',
    about: 'out of line: the trampoline is one branch, then four instructions; calls never change',
    profile: profile('out-of-line', [[ROOM_FOR_ONE, FALLBACK]]),
    steps: [{ load: 'sections.ko' }, { load: 'compiled.ko' }, update('kfree', 'kvfree'), update('kfree', TRACED)],
  },
];

/** Writes every session of the tour into `folder`, in place of what is there. */
export async function makeTour(folder: string): Promise<void> {
  for (const { machine, about, ...session } of SESSIONS) {
    const writer = await writeSession(
      join(folder, `${machine}.veneer.jsonl.gz`),
      { machine, about },
      { overwrite: true },
    );
    for (const commit of commitsOf(machine, session.profile, session.steps)) await writer.commit(commit);
    await writer.finish();
  }
}

function* commitsOf(machine: string, profile: Profile, steps: readonly Step[]): Generator<Commit, void> {
  let state: State = initialState();
  let number = 0;
  yield take({ type: 'boot', preset: PRESET, profile });
  for (const step of steps) {
    if ('type' in step) {
      yield take(step);
      continue;
    }
    const { load: file, ...more } = step;
    const bytes = fixture(file);
    const blob = createHash('sha256').update(bytes).digest('hex');
    yield take({ type: 'load', blob, file, ...more }, new Map([[blob, bytes]]));
  }

  function take(command: Command, blobs: ReadonlyMap<string, Uint8Array> = new Map()): Commit {
    const decision = decide(state, command, blobs);
    if (!decision.ok) throw new Error(`${machine}: ${JSON.stringify(command)}: ${decision.message}`);
    state = decision.state;
    number++;
    return {
      v: COMMIT_VERSION,
      number,
      time: START + (number - 1) * STEP,
      id: `${machine}-${number}`,
      command,
      events: [...decision.events],
    };
  }
}

/** The modules that the sessions load: the page brings them into the daemon too, for their disassembly. */
export const MODULES: readonly string[] = ['calls.ko', 'compiled.ko', 'sections.ko'];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await makeTour(HERE);
  for (const name of MODULES) await writeFile(join(HERE, 'modules', name), fixture(name));
}
