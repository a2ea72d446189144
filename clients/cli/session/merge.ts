/** `veneer session merge`. */
import { MergeError, mergeSessions, SegmentFault } from '../../../daemon/headless/session/merge.ts';
import type { Context } from '../context.ts';
import { usage } from '../failure.ts';
import { counted } from '../format/number.ts';
import { sessionFailure } from '../session-file.ts';
import { makeFile, type OutOptions } from './make.ts';

export type MergeOptions = OutOptions;

export async function merge(context: Context, files: readonly string[], options: MergeOptions): Promise<void> {
  const merged = await makeFile(context, files, options, (out, onBytes) =>
    mergeSessions(files, out, onBytes).catch((error: unknown) => {
      if (error instanceof MergeError) throw usage(error.message);
      throw error instanceof SegmentFault ? sessionFailure(error.file, error.cause) : error;
    }),
  );
  const commits = merged.to - merged.from + 1;
  await context.out.value({ file: options.out, files: files.length, ...merged, commits });
  context.out.print(
    `${options.out}: ${counted(commits, 'commit')} of ${counted(files.length, 'file')}, ${merged.from} to ${merged.to}, digest ${merged.digest}`,
  );
}
