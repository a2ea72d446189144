/**
 * Files that a person drops on the page, one after the other: sessions become machines; module files are sent, then loaded
 * in an order that gives each what it needs. Those that miss a symbol are tried again as long as another one gets in.
 */
import type { Client } from '../../sdk/types.ts';
import type { Refused } from '../ui/refusal-words.ts';
import { type Trouble, troubleOf, troubleText } from '../ui/trouble.ts';
import { freeName, isModuleFile, isSessionFile, nameOfSession } from './names.ts';
import { inOrder, needsOf } from './needs.ts';
import { readFile } from './read-file.ts';
import { outcomeOf } from './result.ts';

/** A browser's File has these. */
export interface SourceFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** `waiting`: not looked at yet. `sent`: the daemon has it. The last four are final. */
export type FileState = 'waiting' | 'sent' | 'done' | 'refused' | 'failed' | 'left-out';

export interface FileResult {
  readonly file: string;
  state: FileState;
  words: string;
  /** Of the kernel. */
  refused: Refused | null;
  /** The commit that says so, of the machine. */
  commit: number | null;
}

export interface Intake {
  /** Where modules go; null: there are none. */
  readonly machine: string | null;
  readonly phase: 'sending' | 'loading' | 'over';
  /** Of the phase, in files. */
  readonly done: number;
  readonly of: number;
  /** Bytes. */
  readonly sent: number;
  readonly bytes: number;
  readonly files: readonly Readonly<FileResult>[];
  /** Machines that sessions made. */
  readonly made: readonly string[];
  readonly cancelled: boolean;
  /** Why it ended before its end. */
  readonly trouble: Trouble | null;
}

interface Sent {
  readonly name: string;
  readonly needs: readonly string[];
  readonly blob: string;
  readonly result: FileResult;
}

export interface IntakeOptions {
  readonly client: Client;
  /** The machine that modules are loaded into. */
  readonly machine: string | null;
  readonly signal: AbortSignal;
  /** Told after each step. */
  readonly tell: (intake: Intake) => void;
}

/** Never rejects for what the daemon says: that is told. */
export async function takeIn(files: readonly SourceFile[], options: IntakeOptions): Promise<Intake> {
  const { client, machine, signal, tell } = options;
  const results = files.map(({ name }): FileResult => newResult(name));
  const made: string[] = [];
  const sent: Sent[] = [];
  let state: Intake = {
    ...{ machine: files.some(({ name }) => isModuleFile(name)) ? machine : null, phase: 'sending', done: 0 },
    ...{ of: files.length, sent: 0, bytes: files.reduce((sum, { size }) => sum + size, 0), files: results, made },
    ...{ cancelled: false, trouble: null },
  };
  const step = (change: Partial<Intake>): void => {
    state = { ...state, ...change };
    tell(state);
  };

  async function send(file: SourceFile, result: FileResult): Promise<void> {
    if (isSessionFile(file.name)) {
      const taken = new Set((await client.machines()).map(({ name }) => name));
      const name = freeName(nameOfSession(file.name), taken);
      const { position } = await client.importSession(name, await readFile(file));
      made.push(name);
      settle(result, 'done', `is machine ${name}`, position.commit);
      return;
    }
    if (!isModuleFile(file.name)) {
      settle(
        result,
        'left-out',
        'is no module file (.ko, .ko.gz, .ko.xz, .ko.zst, a manifest) and no session (.jsonl)',
      );
      return;
    }
    const bytes = await readFile(file);
    const stored = await client.upload(bytes, file.name);
    const name = stored.name ?? file.name.replace(/\..*$/, '');
    sent.push({ name, needs: await needsOf(bytes, file.name), blob: stored.sha256, result });
    settle(result, 'sent', 'the daemon has it');
  }

  /** `again`: it misses a symbol, which another one may bring. */
  async function load(into: string, { blob, result }: Sent): Promise<'in' | 'out' | 'again'> {
    const { commit } = await client.machine(into).command({ type: 'load', blob, file: result.file });
    const { words, refused } = outcomeOf(commit);
    const [first] = refused;
    settle(
      result,
      first ? 'refused' : 'done',
      first ? first.words || first.errno : words,
      commit.number,
      first ?? null,
    );
    if (first === undefined) return 'in';
    return first.errno === 'ENOENT' ? 'again' : 'out';
  }

  async function each<T>(all: readonly T[], act: (one: T, index: number) => Promise<void>): Promise<void> {
    for (const [index, one] of all.entries()) {
      if (signal.aborted) return;
      await act(one, index);
      step({ done: index + 1 });
    }
  }

  try {
    tell(state);
    await each(files, async (file, index) => {
      const result = results[index] as FileResult;
      await attempt(result, () => send(file, result));
      step({ sent: state.sent + file.size });
    });
    let left = inOrder(sent);
    while (machine !== null && left.length > 0 && !signal.aborted) {
      const again: Sent[] = [];
      let loaded = 0;
      step({ phase: 'loading', done: 0, of: left.length });
      await each(left, async (one) => {
        await attempt(one.result, async () => {
          const came = await load(machine, one);
          if (came === 'in') loaded++;
          if (came === 'again') again.push(one);
        });
      });
      // Where nobody got in, nobody will.
      left = loaded > 0 ? again : [];
    }
  } catch (error) {
    state = { ...state, trouble: troubleOf(error) };
  }
  step({ phase: 'over', cancelled: signal.aborted });
  return state;
}

/** What concerns this file alone is its result; what concerns all of them ends the intake. */
async function attempt(result: FileResult, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const trouble = troubleOf(error);
    settle(result, 'failed', troubleText(trouble));
    if (ENDS.has((error as { readonly code: string }).code)) throw error;
  }
}

const ENDS: ReadonlySet<string> = new Set([
  'forbidden',
  'unauthorized',
  'unreachable',
  'shutting-down',
  'no-such-machine',
]);

const newResult = (file: string): FileResult => ({ file, state: 'waiting', words: '', refused: null, commit: null });

function settle(
  result: FileResult,
  state: FileState,
  words: string,
  commit: number | null = null,
  refused: Refused | null = null,
): void {
  Object.assign(result, { state, words, commit, refused });
}
