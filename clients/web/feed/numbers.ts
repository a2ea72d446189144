/**
 * A patch is named by its place among all events of its commit. The daemon, asked for patches only, does not say which place
 * that is: where a name is needed, the commit is read once more, whole.
 */
import { computed, effect, signal } from '@preact/signals';
import type { Commit } from '../../../protocol/commit.ts';
import { same } from '../../../protocol/same.ts';
import { ClientError } from '../../sdk/errors.ts';
import { commitOf } from '../model/commit-of.ts';
import type { PatchRow } from '../model/feed/form.ts';
import { client, scene, select, selection } from '../state/app.ts';
import { type PatchId, patchId, patchPlace, type Selection } from '../state/selection.ts';
import { say } from '../ui/announce.ts';

/** What was chosen in the feed itself: it is in sight. */
const chosenHere = signal<Selection | null>(null);

/** The last commit that was read. */
const whole = signal<{ readonly epoch: string; readonly commit: Commit } | null>(null);
/** The last that was asked for. One that can't be read is not asked for again and again. */
let reading: { readonly what: string; readonly done: Promise<void> } | null = null;

function read(epoch: string, number: number): Promise<void> {
  const machine = scene.peek()?.machine ?? '';
  const what = `${machine} ${epoch}:${number}`;
  if (reading?.what !== what) reading = { what, done: readWhole(machine, epoch, number) };
  return reading.done;
}

async function readWhole(machine: string, epoch: string, number: number): Promise<void> {
  try {
    whole.value = { epoch, commit: await commitOf(client.machine(machine), epoch, number) };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (error.temporary) reading = null;
    say(`Commit ${number} can't be read: ${error.message}`, 'problem');
  }
}

/** Undefined where it is not known now. */
function idOf({ commit, index, event }: PatchRow, epoch: string): PatchId | undefined {
  if (index !== null) return patchId(commit, index);
  const read = whole.value;
  if (read === null || read.epoch !== epoch || read.commit.number !== commit) return undefined;
  const found = read.commit.events.findIndex((one) => same(one, event));
  return found < 0 ? undefined : patchId(commit, found);
}

export function isChosen(row: PatchRow, epoch: string): boolean {
  const chosen = selection.value;
  if (chosen?.kind !== 'patch' || patchPlace(chosen.id).commit !== row.commit) return false;
  const id = idOf(row, epoch);
  if (id === undefined) void read(epoch, row.commit);
  return id === chosen.id;
}

const shownEpoch = computed(() => scene.value?.epoch ?? '');

/** The patch that was chosen elsewhere; its address as soon as it is known. */
export const wanted = computed(() => {
  const chosen = selection.value;
  const epoch = shownEpoch.value;
  if (chosen?.kind !== 'patch' || chosen === chosenHere.value || epoch === '') return null;
  const { commit, index } = patchPlace(chosen.id);
  const read = whole.value;
  const event = read?.epoch === epoch && read.commit.number === commit ? read.commit.events[index] : undefined;
  const address = event?.type === 'StaticCallPatched' ? event.address : null;
  return { commit, address, epoch };
});

effect(() => {
  if (wanted.value !== null && wanted.value.address === null) void read(wanted.value.epoch, wanted.value.commit);
});

export async function choosePatch(row: PatchRow, epoch: string): Promise<void> {
  if (idOf(row, epoch) === undefined) await read(epoch, row.commit);
  const id = idOf(row, epoch);
  if (id === undefined) return;
  chosenHere.value = { kind: 'patch', id };
  select(chosenHere.value);
}
