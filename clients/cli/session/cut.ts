/** `veneer session cut`. */
import { CutError, cutSession } from '../../../daemon/headless/session/cut.ts';
import type { Context } from '../context.ts';
import { usage } from '../failure.ts';
import { counted } from '../format/number.ts';
import { sessionFailure } from '../session-file.ts';
import { makeFile, type OutOptions } from './make.ts';

export interface CutCommandOptions extends OutOptions {
  readonly from?: string;
  readonly to?: string;
}

export async function cut(context: Context, file: string, options: CutCommandOptions): Promise<void> {
  const { from, to } = options;
  const piece = await makeFile(context, [file], options, (out, onBytes) =>
    cutSession({ file, from, to, onBytes }, out).catch((error: unknown) => {
      throw error instanceof CutError ? usage(`${file}: ${error.message}`) : sessionFailure(file, error);
    }),
  );
  const commits = piece.to - piece.from + 1;
  await context.out.value({ file: options.out, ...piece, commits });
  context.out.print(
    `${options.out}: ${counted(commits, 'commit')}, ${piece.from} to ${piece.to}, digest ${piece.digest}`,
    piece.from === 1 ? 'a session: it can be replayed' : 'a segment: merge it with what comes before it to replay it',
  );
}
