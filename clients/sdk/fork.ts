/** Forks and comparisons: answers that come as lines of JSON, the last of which says how it ended. */
import type { ComparedLine, CompareLine } from '../../protocol/compare/form.ts';
import type { ForkBody, Forked, ForkLine, ForkProgress } from '../../protocol/fork.ts';
import type { Http } from './http.ts';
import { cutOff, linesOf } from './lines.ts';

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
