/** A person's wishes carried out: sent to the daemon, said, and shown with what they came to. */
import type { Command } from '../../../protocol/commands.ts';
import { counted } from '../../../protocol/count.ts';
import { showAny, startState } from '../app/start.ts';
import { client, linkState, model, openBeside, openMachine, select } from '../state/app.ts';
import { linkText } from '../state/link.ts';
import { say } from '../ui/announce.ts';
import { copy } from '../ui/copy.ts';
import { type Trouble, troubleOf, troubleText } from '../ui/trouble.ts';
import { type SourceFile, takeIn } from './intake.ts';
import { isModuleFile } from './names.ts';
import { type Outcome, resultOf } from './result.ts';
import { dialog, intake, isLive, result, waiting } from './state.ts';

/** To the machine that is shown. What the kernel or the daemon refuses is shown, and is no error here. */
export async function command(wish: Exclude<Command, { type: 'boot' }>): Promise<Outcome | null> {
  const machine = model.value?.machine;
  if (machine === undefined) return null;
  try {
    const came = resultOf(machine, await client.machine(machine).command(wish));
    result.value = came;
    if (!('outcome' in came)) return null;
    // That it was refused stays on the screen as the result.
    say(`${came.outcome.words}. Commit ${came.position.commit}.`, came.outcome.refused.length > 0 ? 'problem' : 'done');
    return came.outcome;
  } catch (error) {
    result.value = { machine, trouble: troubleOf(error) };
    say(troubleText(result.value.trouble));
    return null;
  }
}

/** Goes to the commit, and chooses what it was about. */
export function showResult(): void {
  const came = result.value;
  if (came === null || !('outcome' in came)) return;
  openMachine(came.machine, `${came.position.epoch}:${came.position.commit}`);
  if (came.outcome.select !== null) select(came.outcome.select);
}

export function show(name: string): void {
  openMachine(name);
  startState.value = 'shown';
}

let stop = new AbortController();
export const stopIntake = (): void => stop.abort();

/** Asks first where that needs a machine, or where the page shows an older position. */
export function open(files: readonly SourceFile[]): void {
  if (files.length === 0 || (intake.value !== null && intake.value.phase !== 'over')) return;
  const modules = files.some(({ name }) => isModuleFile(name));
  if (modules && model.value === null) {
    waiting.value = files;
    dialog.value = 'boot';
  } else if (modules && !isLive.value) waiting.value = files;
  else void take(files);
}

/** Those that wait. */
export function openWaiting(): void {
  const files = waiting.value;
  waiting.value = [];
  if (files.length > 0) void take(files);
}

async function take(files: readonly SourceFile[]): Promise<void> {
  stop = new AbortController();
  const { signal } = stop;
  const tell = (now: typeof intake.value): void => {
    intake.value = now;
  };
  const came = await takeIn(files, { client, machine: model.value?.machine ?? null, signal, tell });
  const good = came.files.filter(({ state }) => state === 'done').length;
  say(
    `${good} of ${counted(came.files.length, 'file')} are in`,
    good < came.files.length && !signal.aborted ? 'problem' : 'done',
  );
  const last = came.made.at(-1);
  if (last !== undefined && came.machine === null) show(last);
}

export async function saveSession(): Promise<void> {
  const machine = model.value?.machine;
  if (machine === undefined) return;
  try {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of await client.machine(machine).exportSession()) {
      chunks.push(chunk as Uint8Array<ArrayBuffer>);
    }
    const url = URL.createObjectURL(new Blob(chunks, { type: 'application/x-ndjson' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${machine}.veneer.jsonl`;
    link.click();
    URL.revokeObjectURL(url);
    say(`The session of ${machine} is saved as ${link.download}`);
  } catch (error) {
    say(troubleText(troubleOf(error)), 'problem');
  }
}

/** To what the page shows now. */
export const copyLink = (): void => copy(`${location.origin}${location.pathname}${linkText(linkState.value)}`);

/** The one that is shown; then another one is, where there is one. */
export async function remove(machine: string): Promise<Trouble | null> {
  try {
    await client.machine(machine).remove();
  } catch (error) {
    return troubleOf(error);
  }
  say(`${machine} is removed`);
  openBeside(null);
  await showAny();
  return null;
}
