/** The figures of the machine's whole history, asked for again while it grows. */
import { computed, effect, signal } from '@preact/signals';
import type { TimelineAnswer } from '../../../protocol/view/timeline.ts';
import { ClientError } from '../../sdk/errors.ts';
import { client, model, scene } from '../state/app.ts';

/** Buckets: as many as there are pixels on a usual screen. */
const POINTS = 1024;
/** Milliseconds between two answers while commits come. */
const EVERY_MS = 500;
/** Milliseconds after a question that failed. */
const RETRY_MS = 2000;

interface Answer {
  readonly machine: string;
  /** Of the picture that it was asked for: the machine may be another one by now. */
  readonly epoch: string | undefined;
  readonly timeline: TimelineAnswer;
}

const answer = signal<Answer | null>(null);
let asking = false;

/** Null until there is an answer for the machine that is shown. */
export const history = computed<TimelineAnswer | null>(() => {
  const known = answer.value;
  const now = scene.value;
  const isOfIt = known?.machine === model.value?.machine && known?.timeline.position.epoch === now?.epoch;
  return known !== null && isOfIt ? known.timeline : null;
});

/** Whether what is known lacks commits that the page knows of. */
function stale(): boolean {
  const now = scene.value;
  if (now === null || now.epoch === '' || now.machine !== model.value?.machine) return false;
  const known = answer.value;
  if (known?.machine !== now.machine) return true;
  const { epoch, commit } = known.timeline.position;
  return epoch === now.epoch ? commit < now.head : known.epoch !== now.epoch;
}

async function ask(): Promise<void> {
  const machine = model.value?.machine;
  if (machine === undefined) return;
  const epoch = scene.peek()?.epoch;
  asking = true;
  let pause = EVERY_MS;
  try {
    const timeline = await client.machine(machine).timeline({ points: POINTS });
    answer.value = { machine, epoch, timeline };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    pause = RETRY_MS;
  }
  setTimeout(() => {
    asking = false;
    if (stale()) void ask();
  }, pause);
}

effect(() => {
  if (stale() && !asking) void ask();
});
