/** Forks and comparisons: answers that come as lines of JSON, the last of which says how it ended. */
import type { ComparedLine, CompareLine } from '../../protocol/compare/form.ts';
import { ERRORS, type WireError } from '../../protocol/errors.ts';
import type { ForkBody, Forked, ForkLine, ForkProgress } from '../../protocol/fork.ts';
import { ClientError } from './errors.ts';
import { chunksOf, type Http } from './http.ts';

export async function fork(
  http: Http,
  path: string,
  body: ForkBody,
  onProgress: (progress: ForkProgress) => void,
): Promise<Forked> {
  const response = await http.call('POST', `${path}/fork`, { type: 'application/json', content: JSON.stringify(body) });
  for await (const line of linesOf<ForkLine>(response)) {
    if ('forked' in line) return line.forked;
    onProgress(line);
  }
  throw cutOff();
}

export async function* compare(http: Http, path: string): AsyncGenerator<ComparedLine, void> {
  for await (const line of linesOf<CompareLine>(await http.call('GET', path))) {
    yield line;
    if ('summary' in line) return;
  }
  throw cutOff();
}

/** Throws the error of the line that has one. */
async function* linesOf<T extends object>(response: Response): AsyncGenerator<Exclude<T, { error: WireError }>, void> {
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

const cutOff = (): ClientError => new ClientError('bad-answer', 'the answer was cut off', true);
