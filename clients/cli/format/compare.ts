/** Two logs side by side, for people: a paragraph for each command that came to something else, and what it adds up to. */
import type { ComparedCommand, CompareSummary, Side, Turns } from '../../../protocol/compare/form.ts';
import { differenceWords, figureRows, sideNumbers, sideWords } from '../../../protocol/compare/words.ts';
import { refusal } from './event.ts';
import { count, counted } from './number.ts';
import { plain } from './plain.ts';
import { pairs, table } from './table.ts';

/** Turns that a summary shows. */
const TURNS_SHOWN = 10;

export function commandLines(line: ComparedCommand): readonly string[] {
  const { a, b, verdict, differences } = line;
  const title = `${sideNumbers(a, b)}  ${sideWords((a ?? b) as Side)}`;
  const note = verdict === 'only-a' ? '  only in a' : verdict === 'only-b' ? '  only in b' : '';
  return [`${title}${note}`, ...differences.flatMap(differenceWords).map((each) => `    ${each}`)].map(plain);
}

export function summaryLines(summary: CompareSummary, dim: (text: string) => string): readonly string[] {
  const { same, moved, changed, onlyA, onlyB, first, windows, veneers } = summary;
  return [
    ...table(
      [
        { head: '', cell: ([name]) => name },
        { head: 'A', right: true, cell: ([, left]) => left },
        { head: 'B', right: true, cell: ([, , right]) => right },
      ],
      figureRows(summary),
      dim,
    ),
    ...pairs([
      ['commands', `${count(same)} the same, ${count(moved)} only moved, ${count(changed)} changed`],
      ['only in one', `${count(onlyA)} in a, ${count(onlyB)} in b`],
      [
        'first',
        first ? `${sideNumbers(first.a, first.b)}  ${sideWords((first.a ?? first.b) as Side)}` : 'no divergence',
      ],
      ['windows', `${counted(windows.toFallback, 'load')} from direct to fallback, ${count(windows.toDirect)} back`],
      ['veneers', `${counted(veneers.more, 'load')} with more, ${count(veneers.fewer)} with fewer`],
    ]),
    ...turnLines('fails now', summary.failsNow),
    ...turnLines('works now', summary.worksNow),
  ];
}

function turnLines(title: string, { count: all, first }: Turns): readonly string[] {
  if (all === 0) return [`${title}: none`];
  const more = all - Math.min(all, TURNS_SHOWN);
  return [
    `${title}: ${count(all)}`,
    ...first.slice(0, TURNS_SHOWN).map(({ a, b, type, what, errno, words: why }) => {
      return plain(`  ${a === b ? a : `${a}/${b}`}  ${type} ${what}: ${refusal(what, errno, why)}`);
    }),
    ...(more > 0 ? [`  … and ${count(more)} more`] : []),
  ];
}
