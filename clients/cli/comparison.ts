/** Printing a comparison as its lines come, however many there are. */
import type { ComparedLine } from '../../protocol/compare/form.ts';
import { commandLines, summaryLines } from './format/compare.ts';
import { count } from './format/number.ts';
import type { Output } from './output.ts';

/** Commands that are shown without `--all`. */
export const SHOWN = 10;

/** With --json every line as it comes, the summary last; else the first `shown` commands that changed, and the summary. */
export async function printComparison(out: Output, lines: AsyncIterable<ComparedLine>, shown: number): Promise<void> {
  let changed = 0;
  for await (const line of lines) {
    await out.value(line);
    if ('summary' in line) {
      const more = changed - shown;
      if (more > 0) out.print(out.paint.dim(`… and ${count(more)} more commands that changed: --all shows them`));
      out.print(...summaryLines(line.summary, out.paint.dim));
    } else if (line.verdict !== 'same' && line.verdict !== 'moved' && changed++ < shown) {
      const [title = '', ...rest] = commandLines(line);
      out.print(out.paint.bold(title), ...rest);
    }
  }
}
