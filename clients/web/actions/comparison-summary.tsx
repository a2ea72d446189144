/** What a comparison adds up to: the figures of both beside each other, and what turned out otherwise. */

import type { CompareSummary, Turned } from '../../../protocol/compare/form.ts';
import { figureRows, sideNumbers, sideWords } from '../../../protocol/compare/words.ts';
import { count, counted } from '../../../protocol/count.ts';
import { copy } from '../ui/copy.ts';
import { goToLine } from './beside.ts';

/** Turns that are named of each kind. */
const NAMED = 10;

export interface ComparisonSummaryProps {
  readonly summary: CompareSummary;
  readonly a: string;
  readonly b: string;
}

export function ComparisonSummary({ summary, a, b }: ComparisonSummaryProps) {
  const { first, failsNow, worksNow, windows, veneers } = summary;
  const side = first && (first.a ?? first.b);
  return (
    <div class="summary" data-testid="comparison">
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col" title={a}>
              {a}
            </th>
            <th scope="col" title={b}>
              {b}
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {figureRows(summary).map(([name, left, right]) => (
            <tr key={name} class={left === right ? '' : 'differs'}>
              <th scope="row" class={name.startsWith(' ') ? 'part' : ''}>
                {name.trim()}
              </th>
              <td class="number">{left}</td>
              <td class="number">{right}</td>
              <td>{left !== right && <span title="they differ">≠</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <ul class="summary-facts">
        <li>
          <button type="button" onClick={() => copy(figuresText(summary, a, b), 'the figures')}>
            Copy the figures
          </button>
        </li>
        <li>
          {first && side ? (
            <>
              They part at{' '}
              <button type="button" onClick={() => goToLine(first.a?.number ?? null, first.b?.number ?? null)}>
                {sideNumbers(first.a, first.b)} {sideWords(side)}
              </button>
            </>
          ) : (
            'No command came to something else'
          )}
        </li>
        <li>
          {counted(windows.toFallback, 'load')} from the direct to the fallback window, {count(windows.toDirect)} back
        </li>
        <li>
          {counted(veneers.more, 'load')} with more veneers, {count(veneers.fewer)} with fewer
        </li>
        <Turns title="fails now" all={failsNow.count} first={failsNow.first} />
        <Turns title="works now" all={worksNow.count} first={worksNow.first} />
      </ul>
    </div>
  );
}

/** For a report or a spreadsheet: columns apart by tabs. */
function figuresText(summary: CompareSummary, a: string, b: string): string {
  const rows = figureRows(summary).map(([name, left, right]) => [name.trim(), left, right]);
  return [['', a, b], ...rows].map((row) => row.join('\t')).join('\n');
}

interface TurnsProps {
  readonly title: string;
  readonly all: number;
  readonly first: readonly Turned[];
}

function Turns({ title, all, first }: TurnsProps) {
  if (all === 0) return <li>Nothing {title}</li>;
  return (
    <li>
      <details>
        <summary>
          {count(all)} {title}
        </summary>
        <ul>
          {first.slice(0, NAMED).map(({ a, b, type, what, errno, words }) => (
            <li key={`${a} ${b}`}>
              <button type="button" title={words} onClick={() => goToLine(a, b)}>
                {a === b ? a : `${a}/${b}`} {type} {what}: {errno}
              </button>
            </li>
          ))}
          {all > NAMED && <li>… and {count(all - NAMED)} more</li>}
        </ul>
      </details>
    </li>
  );
}
