/** Module files of a log that the daemon does not have: said before a fork needs them, and again in the same place if it does. */
import { counted } from '../../../protocol/count.ts';

export interface MissingFilesProps {
  readonly count: number;
  /** Whether a fork was refused for want of them. */
  readonly refused: boolean;
}

export function MissingFiles({ count, refused }: MissingFilesProps) {
  const [are, them, they] = count === 1 ? ['is', 'it', 'it'] : ['are', 'them', 'they'];
  return (
    <div class={refused ? 'note bad' : 'note'} role={refused ? 'alert' : 'note'}>
      <p>
        {counted(count, 'module file')} of this log {are} not in this daemon: drop {them} on the page, out of the
        package that {they} came in.
      </p>
      <p class="dim">
        {refused ? 'This change decides loads anew, for which they are needed.' : 'A fork without a change needs none.'}
      </p>
    </div>
  );
}
