/** What is under way and what the last command came to: beside the parts, and in nobody's way. */
import { count } from '../../../protocol/count.ts';
import { select } from '../state/app.ts';
import { Refusal } from '../ui/refusal.tsx';
import { TroubleNote } from '../ui/trouble-note.tsx';
import { showResult } from './do.ts';
import { IntakePanel, WaitingPanel } from './intake-panel.tsx';
import { dialog, intake, result, waiting } from './state.ts';

export function Work() {
  const asks = waiting.value.length > 0 && dialog.value === null;
  if (result.value === null && intake.value === null && !asks) return null;
  return (
    <aside class="work" aria-label="What was done">
      {asks && <WaitingPanel />}
      {intake.value !== null && <IntakePanel intake={intake.value} />}
      {result.value !== null && <LastResult />}
    </aside>
  );
}

function LastResult() {
  const came = result.value;
  if (came === null) return null;
  const dismiss = (
    <button
      type="button"
      class="quiet"
      aria-label="Dismiss what was done"
      onClick={() => {
        result.value = null;
      }}
    >
      ✕
    </button>
  );
  if ('trouble' in came) {
    return (
      <section class="work-part" aria-label="The daemon refused">
        <header class="panel-head">
          <h2>{came.machine}</h2>
          {dismiss}
        </header>
        <TroubleNote trouble={came.trouble} />
      </section>
    );
  }
  const { position, outcome } = came;
  const { select: about } = outcome;
  return (
    <section class="work-part" aria-label="The last command">
      <header class="panel-head">
        <h2>
          {came.machine} · commit {count(position.commit)}
        </h2>
        {dismiss}
      </header>
      <p class={outcome.refused.length > 0 ? 'came wrong' : 'came'}>{outcome.words}.</p>
      {outcome.refused.map((refused) => (
        <Refusal key={refused.words} refused={refused} />
      ))}
      {outcome.warnings.map((words) => (
        <p class="note bad" key={words}>
          {words}.
        </p>
      ))}
      <p class="form-end">
        {about !== null && (
          <button type="button" onClick={() => select(about)}>
            Inspect
          </button>
        )}
        <button type="button" onClick={showResult}>
          Go to commit {count(position.commit)}
        </button>
      </p>
    </section>
  );
}
