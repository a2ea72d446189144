/** Answers that come as lines of JSON, the last of which says how it ended. */
import { ERRORS, type WireError } from '../../protocol/errors.ts';
import { ClientError } from './errors.ts';
import { chunksOf } from './http.ts';

/** Throws the error of the line that has one. */
export async function* linesOf<T extends object>(
  response: Response,
): AsyncGenerator<Exclude<T, { error: WireError }>, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunksOf(response)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      const line = parsed<T>(text);
      if (isError(line)) throw ClientError.of(line.error);
      yield line as Exclude<T, { error: WireError }>;
    }
  }
}

function parsed<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ClientError('bad-answer', `expected a line of JSON, found ${text.slice(0, 200)}`);
  }
}

const isError = (line: object): line is { readonly error: WireError } =>
  'error' in line && Object.hasOwn(ERRORS, (line.error as WireError).code);

export const cutOff = (): ClientError => new ClientError('bad-answer', 'the answer was cut off', true);
