/** Why the daemon has no answer, for people. */
import type { ClientError } from '../../sdk/errors.ts';
import { scene } from '../state/app.ts';
import { withoutSums } from './notes.tsx';

/** What the codes mean here, where their message alone would puzzle. */
const WORDS: Readonly<Record<string, string>> = {
  'no-such-blob':
    'The file of this module is not in this daemon: what events tell of it is here. Drop the .ko file on the page for the rest.',
  'not-found':
    'Of the kernel image only trampolines, keys and static-call sites are known: nothing tells what stands here.',
  'position-trimmed': 'The commits that would tell are not kept any more.',
  'no-such-module': 'At this position there is no such module.',
};

/** A recording of a running kernel has no profile, so no question about the kernel's doings has an answer. */
const RECORDED =
  'This machine was recorded from a running kernel, which shows where things are, and not how they came there: bytes and their history are not known.';

export function Refused({ error }: { readonly error: ClientError }) {
  const recorded = error.code === 'no-such-machine' && scene.value?.summary.machine === null;
  const words = recorded ? RECORDED : WORDS[error.code];
  return (
    <p class="refused" title={words === undefined ? undefined : withoutSums(error.message)}>
      {words ?? error.message}
    </p>
  );
}
