/** One pass over a session file for a command. */
import type { NewFile } from '../../../daemon/headless/session/file.ts';
import { type Survey, surveySession } from '../../../daemon/headless/session/survey.ts';
import type { Context } from '../context.ts';
import { sessionFailure } from '../session-file.ts';
import { reading } from './reading.ts';

export async function survey(context: Context, file: string, salvage?: NewFile): Promise<Survey> {
  return reading(context, [file], `${file} was not read to its end`, (onBytes) =>
    surveySession(file, { onBytes, ...(salvage !== undefined && { salvage }) }).catch((error: unknown) => {
      throw sessionFailure(file, error);
    }),
  );
}

/** Where a file stops being whole, in words; undefined of a whole one. */
export function faultWords(file: string, { fault }: Survey): string | undefined {
  if (fault === null) return undefined;
  return `${file}${fault.line === 0 ? '' : `:${fault.line}`}: ${fault.message}`;
}
