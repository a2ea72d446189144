/** A file that a command makes of session files: there when all went well, else not. */
import { createFile, type NewFile, type OnBytes } from '../../../daemon/headless/session/file.ts';
import type { Context } from '../context.ts';
import { fileFailure } from '../failure.ts';
import { reading } from './reading.ts';

export interface OutOptions {
  readonly out: string;
  readonly force?: true;
}

export async function makeFile<T>(
  context: Context,
  files: readonly string[],
  { out, force }: OutOptions,
  work: (file: NewFile, onBytes: OnBytes) => Promise<T>,
): Promise<T> {
  const file = await newFile(out, force === true);
  try {
    const result = await reading(context, files, `${out} was not written`, (onBytes) => work(file, onBytes));
    await file.finish();
    await file.publish();
    return result;
  } finally {
    await file.discard();
  }
}

/** As createFile; what the system says of it names this file, and not one that is read meanwhile. */
export async function newFile(name: string, overwrite: boolean): Promise<NewFile> {
  const named = async <R>(work: Promise<R>): Promise<R> =>
    work.catch((error: unknown) => {
      throw fileFailure(name, error);
    });
  const file = await named(createFile(name, overwrite));
  return {
    ...file,
    write: (text) => named(file.write(text)),
    finish: () => named(file.finish()),
    publish: () => named(file.publish()),
  };
}
