/** Two machines side by side: what it adds up to, then each command that came to something else. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { ComparedCommand, Verdict } from '../../../protocol/compare/form.ts';
import { differenceWords, sideNumbers, sideWords } from '../../../protocol/compare/words.ts';
import { count } from '../../../protocol/count.ts';
import type { Model } from '../model/model.ts';
import { atOrBefore } from '../model/search.ts';
import { besideModel, client, model, openBeside, scene } from '../state/app.ts';
import { Panel } from '../ui/panel.tsx';
import { TroubleNote } from '../ui/trouble-note.tsx';
import { VirtualList } from '../ui/virtual-list.tsx';
import { goToLine, keepInStep } from './beside.ts';
import { type Comparison, compare, comparison, type Extent, LINES_KEPT, VERDICTS } from './comparison.ts';
import { ComparisonSummary } from './comparison-summary.tsx';
import './comparison.css';

const ROW = 26;

interface VerdictWords {
  readonly glyph: string;
  readonly words: string;
}

const VERDICT_WORDS = (a: string, b: string): Readonly<Record<Verdict, VerdictWords>> => ({
  changed: { glyph: '≠', words: 'changed' },
  'only-a': { glyph: '◧', words: `only in ${a}` },
  'only-b': { glyph: '◨', words: `only in ${b}` },
  moved: { glyph: '⇄', words: 'only moved' },
  same: { glyph: '=', words: 'the same' },
});

export function ComparisonPanel() {
  const [main, beside] = [model.value, besideModel.value];
  if (main === null || beside === null) return null;
  return <Pair key={`${main.machine} ${beside.machine}`} main={main} beside={beside} />;
}

function Pair({ main, beside }: { readonly main: Model; readonly beside: Model }) {
  /** Once it is known: pictures of other positions change nothing of it. */
  const extent = useRef<Extent | null>(null);
  extent.current ??= extentOf(main, beside);
  const known = extent.current;
  useEffect(() => {
    if (known === null) return;
    const stop = new AbortController();
    void compare(client.machine(main.machine), beside.machine, known, stop.signal);
    return () => stop.abort();
  }, [known]);
  useEffect(keepInStep, []);
  useEffect(
    () => () => {
      comparison.value = null;
    },
    [],
  );

  const problem = beside.problem.value;
  return (
    <Panel
      id="compare"
      title={`${main.machine} beside ${beside.machine}`}
      controls={
        <>
          <span class="dim number">
            commit {count(scene.value?.commit ?? 0)} beside {count(beside.scene.value?.commit ?? 0)}
          </span>
          <span class="grow" />
          <button type="button" onClick={() => openBeside(null)}>
            Close comparison
          </button>
        </>
      }
    >
      {problem && <TroubleNote trouble={{ text: problem.message, help: '' }} />}
      {comparison.value && <Compared now={comparison.value} />}
    </Panel>
  );
}

function Compared({ now }: { readonly now: Comparison }) {
  const shown = useSignal<ReadonlySet<Verdict>>(new Set(['changed', 'only-a', 'only-b']));
  const chosen = useSignal<ComparedCommand | null>(null);
  const { a, b, counts, lines, summary, trouble } = now;
  const length = lines.length;
  const rows = useMemo(() => lines.filter(({ verdict }) => shown.value.has(verdict)), [lines, length, shown.value]);
  const commits = useMemo(() => commitsOf(rows), [rows]);
  const words = VERDICT_WORDS(a, b);
  const at = scene.value?.commit ?? 0;
  const total = VERDICTS.reduce((sum, verdict) => sum + counts[verdict], 0);
  const lost = VERDICTS.reduce((sum, verdict) => sum + Math.max(0, counts[verdict] - LINES_KEPT), 0);
  return (
    <div class="compared">
      <div class="compared-side">
        {trouble && <TroubleNote trouble={trouble} />}
        {summary === null && trouble === null && (
          <p class="came dim number" role="status">
            {count(total)} commands so far…
          </p>
        )}
        {summary && <ComparisonSummary summary={summary} a={a} b={b} />}
      </div>
      <div class="compared-lines">
        <fieldset class="verdicts">
          <legend class="sr-only">Which commands are listed</legend>
          {VERDICTS.map((verdict) => (
            <label class={`tick verdict-${verdict}`} key={verdict}>
              <input
                type="checkbox"
                checked={shown.value.has(verdict)}
                onChange={(event) => {
                  const next = new Set(shown.value);
                  if (event.currentTarget.checked) next.add(verdict);
                  else next.delete(verdict);
                  shown.value = next;
                }}
              />{' '}
              <span aria-hidden="true">{words[verdict].glyph}</span> {words[verdict].words}{' '}
              <span class="number">{count(counts[verdict])}</span>
            </label>
          ))}
          {lost > 0 && <span class="dim">{count(lost)} of them are counted, not listed</span>}
        </fieldset>
        <div class="compared-list">
          {rows.length === 0 && summary !== null && <p class="came dim">No command is of these kinds.</p>}
          <VirtualList
            count={rows.length}
            rowHeight={ROW}
            label={`Commands of ${a} and ${b}`}
            show={rowAt(commits, at)}
            row={(index) => {
              const line = rows[index] as ComparedCommand;
              return (
                <Line
                  line={line}
                  words={words[line.verdict]}
                  here={line.a?.number === at}
                  choose={() => {
                    chosen.value = line;
                    goToLine(line.a?.number ?? null, line.b?.number ?? null);
                  }}
                />
              );
            }}
          />
        </div>
        {chosen.value && chosen.value.differences.length > 0 && (
          <pre class="compared-detail">{chosen.value.differences.flatMap(differenceWords).join('\n')}</pre>
        )}
      </div>
    </div>
  );
}

/** For each row the last commit of a up to it. */
function commitsOf(rows: readonly ComparedCommand[]): Int32Array {
  let last = 0;
  return Int32Array.from(rows, ({ a }) => {
    last = a?.number ?? last;
    return last;
  });
}

/** The row of a commit of a, or the one before it; undefined where there is none. */
function rowAt(commits: Int32Array, commit: number): number | undefined {
  const at = atOrBefore(commits, commit);
  return at < 0 ? undefined : at;
}

interface LineProps {
  readonly line: ComparedCommand;
  readonly words: VerdictWords;
  /** The page is at this command. */
  readonly here: boolean;
  readonly choose: () => void;
}

function Line({ line, words, here, choose }: LineProps) {
  const { a, b, verdict, differences } = line;
  const side = a ?? b;
  return (
    <button type="button" class={`line verdict-${verdict}`} aria-current={here ? 'true' : undefined} onClick={choose}>
      <span class="number dim">{sideNumbers(a, b)}</span>
      <span class="verdict" title={words.words}>
        <span aria-hidden="true">{words.glyph}</span>
        <span class="sr-only">{words.words}</span>
      </span>
      <span class="mono">{side && sideWords(side)}</span>
      <span class="line-words dim">{differences.flatMap(differenceWords).join(' · ')}</span>
    </button>
  );
}

/** A fork is held against what it was made of: up to the commit that it was forked from. Null before that is known. */
function extentOf(main: Model, beside: Model): Extent | null {
  const [a, b] = [main.scene.value, beside.scene.value];
  if (!a || !b || a.mode === 'loading' || b.mode === 'loading') return null;
  const [forkA, forkB] = [a.summary.fork?.from, b.summary.fork?.from];
  if (forkB?.machine === a.machine && forkB.epoch === a.epoch) return { at: `${forkB.epoch}:${forkB.commit}` };
  if (forkA?.machine === b.machine && forkA.epoch === b.epoch) return { withAt: `${forkA.epoch}:${forkA.commit}` };
  return {};
}
