/** Module files of a log that the daemon does not have, named before a fork needs them. */
import { count, counted } from '../../../protocol/count.ts';
import type { LoadedFile } from '../../../protocol/fork.ts';

/** Of those that are missing. */
const NAMED = 5;

export function MissingFiles({ files }: { readonly files: readonly LoadedFile[] }) {
  const more = files.length - NAMED;
  return (
    <div class="note" role="note">
      <p>
        The daemon lacks {counted(files.length, 'module file')} of this log. A fork needs those whose loads it decides
        anew: drop them on the page first, or fork without a change.
      </p>
      <p class="mono dim">
        {files
          .slice(0, NAMED)
          .map(({ sha256, file }) => file?.replace(/^.*\//, '') ?? sha256.slice(0, 12))
          .join(', ')}
        {more > 0 && `, and ${count(more)} more`}
      </p>
    </div>
  );
}
