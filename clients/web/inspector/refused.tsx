/** Why the daemon has no answer, for people. */
import type { ClientError } from '../../sdk/errors.ts';

/** What the codes mean here, where their message alone would puzzle. */
const WORDS: Readonly<Record<string, string>> = {
  'no-such-blob':
    'The file of this module is not in this daemon: a recorded session brings events, and no module files. What the events tell is here; for all its code, drop the .ko file on the page.',
  'not-found':
    'Of the kernel image only trampolines, keys and static-call sites are known: nothing tells what stands here.',
  'position-trimmed': 'The commits that would tell are not kept any more.',
  'no-such-module': 'At this position there is no such module.',
};

export function Refused({ error }: { readonly error: ClientError }) {
  const words = WORDS[error.code];
  return (
    <p class="refused" title={words === undefined ? undefined : error.message}>
      {words ?? error.message}
    </p>
  );
}
