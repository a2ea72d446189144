/** Progress and Ctrl-C of a command that reads files from beginning to end. */
import { stat } from 'node:fs/promises';
import { type OnBytes, STDIN } from '../../../daemon/headless/session/file.ts';
import type { Context } from '../context.ts';
import { fileFailure, refused } from '../failure.ts';
import { progress } from '../progress.ts';

const MIB = 2 ** 20;

/** Runs `work`, which tells `onBytes` of what it has read; `stopped` says what an interrupted command has left. */
export async function reading<T>(
  { interruption }: Context,
  files: readonly string[],
  stopped: string,
  work: (onBytes: OnBytes) => Promise<T>,
): Promise<T> {
  const signal = interruption();
  const bar = progress(Math.ceil((await sizeOf(files)) / MIB), 'MiB');
  let bytes = 0;
  try {
    return await work((more) => {
      if (signal.aborted) throw refused('interrupted', `stopped: ${stopped}`);
      bytes += more;
      bar.update(Math.floor(bytes / MIB), '');
    });
  } finally {
    bar.stop();
  }
}

async function sizeOf(files: readonly string[]): Promise<number> {
  let size = 0;
  for (const file of files) {
    if (file === STDIN) continue;
    const found = await stat(file).catch((error: unknown) => {
      throw fileFailure(file, error);
    });
    size += found.size;
  }
  return size;
}
