/** Files on their way, and where each came to. */
import { useSignal } from '@preact/signals';
import { count, counted } from '../../../protocol/count.ts';
import { bytes } from '../../../protocol/size.ts';
import { goTo, model } from '../state/app.ts';
import { Refusal } from '../ui/refusal.tsx';
import { TroubleNote } from '../ui/trouble-note.tsx';
import { VirtualList } from '../ui/virtual-list.tsx';
import { openWaiting, stopIntake } from './do.ts';
import type { FileResult, FileState, Intake } from './intake.ts';
import { OnlyLive } from './only-live.tsx';
import { intake as intakeSignal, isLive, waiting } from './state.ts';

const ROW = 40;
/** Rows on the screen at a time. */
const ROWS = 6;

const MARKS: Readonly<Record<FileState, readonly [glyph: string, word: string]>> = {
  waiting: ['·', 'waits'],
  sent: ['↑', 'sent'],
  done: ['✓', 'in'],
  refused: ['✕', 'refused'],
  failed: ['!', 'failed'],
  'left-out': ['–', 'left out'],
};

export function IntakePanel({ intake }: { readonly intake: Intake }) {
  const chosen = useSignal<number | null>(null);
  const over = intake.phase === 'over';
  const file = chosen.value === null ? undefined : intake.files[chosen.value];
  return (
    <section class="work-part" aria-label="Files">
      <header class="panel-head">
        <h2>{titleOf(intake)}</h2>
        {over ? (
          <button
            type="button"
            class="quiet"
            aria-label="Dismiss the files"
            onClick={() => {
              intakeSignal.value = null;
            }}
          >
            ✕
          </button>
        ) : (
          <button type="button" onClick={stopIntake}>
            Cancel
          </button>
        )}
      </header>
      {!over && (
        <p class="progress">
          <progress max={intake.of} value={intake.done} aria-label={titleOf(intake)} />
          <span class="number">
            {count(intake.done)} of {count(intake.of)}
            {intake.phase === 'sending' && `, ${bytes(intake.sent)} of ${bytes(intake.bytes)}`}
          </span>
        </p>
      )}
      {over && <p class="came">{summaryOf(intake)}</p>}
      {intake.trouble && <TroubleNote trouble={intake.trouble} />}
      <div class="files" style={{ height: `${Math.min(ROWS, intake.files.length) * ROW}px` }}>
        <VirtualList
          count={intake.files.length}
          rowHeight={ROW}
          label="Files"
          row={(index) => (
            <FileRow
              result={intake.files[index] as FileResult}
              chosen={chosen.value === index}
              choose={() => {
                chosen.value = chosen.value === index ? null : index;
              }}
            />
          )}
        />
      </div>
      {file !== undefined && <Told result={file} />}
    </section>
  );
}

interface FileRowProps {
  readonly result: FileResult;
  readonly chosen: boolean;
  readonly choose: () => void;
}

function FileRow({ result, chosen, choose }: FileRowProps) {
  const [glyph, word] = MARKS[result.state];
  return (
    <button type="button" class={`file file-${result.state}`} aria-expanded={chosen} onClick={choose}>
      <span class="file-mark" title={word}>
        <span aria-hidden="true">{glyph}</span>
        <span class="sr-only">{word}:</span>
      </span>
      <span class="mono">{result.file}</span>
      <span class="file-words dim">{result.words}</span>
    </button>
  );
}

function Told({ result }: { readonly result: FileResult }) {
  const { file, words, refused, commit } = result;
  return (
    <div class="told">
      {refused ? <Refusal refused={refused} /> : <p>{`${file}: ${words || 'waits for its turn'}`}</p>}
      {commit !== null && model.value !== null && refused !== null && (
        <p class="form-end">
          <button type="button" onClick={() => goTo(commit)}>
            Go to commit {count(commit)}
          </button>
        </p>
      )}
    </div>
  );
}

function titleOf({ phase, machine }: Intake): string {
  if (phase === 'sending') return 'Sending files';
  return phase === 'loading' ? `Loading into ${machine}` : 'Files';
}

function summaryOf({ files, made, cancelled }: Intake): string {
  const of = (...states: FileState[]): number => files.filter(({ state }) => states.includes(state)).length;
  const words = [
    `${count(of('done') - made.length)} of ${counted(files.length - made.length, 'file')} loaded`,
    ...(of('refused') > 0 ? [`${count(of('refused'))} refused by the kernel`] : []),
    ...(of('failed', 'left-out') > 0 ? [`${count(of('failed', 'left-out'))} not taken`] : []),
    ...(cancelled ? ['cancelled'] : []),
  ];
  const sessions = made.length > 0 ? [`${counted(made.length, 'session')} opened: ${made.join(', ')}`] : [];
  return `${[...sessions, ...(files.length > made.length ? [words.join(', ')] : [])].join('. ')}.`;
}

/** Modules that were opened while the page shows the past. */
export function WaitingPanel() {
  const files = waiting.value;
  return (
    <section class="work-part" aria-label="Files that wait">
      <header class="panel-head">
        <h2>{counted(files.length, 'file')} to load</h2>
        <button
          type="button"
          class="quiet"
          aria-label="Load nothing"
          onClick={() => {
            waiting.value = [];
          }}
        >
          ✕
        </button>
      </header>
      <OnlyLive />
      <p class="form-end">
        <button type="button" class="main" disabled={!isLive.value} onClick={openWaiting}>
          Load {counted(files.length, 'file')}
        </button>
      </p>
    </section>
  );
}
