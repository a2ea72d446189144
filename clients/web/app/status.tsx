/** When something is not as it should be: no connection, a position that is not there, a machine that is gone. */
import { useEffect, useState } from 'preact/hooks';
import { count } from '../../../protocol/count.ts';
import { model, scene } from '../state/app.ts';
import { isComing } from '../tour/guide.ts';
import { isAway } from './away.ts';
import { ProblemBanner } from './problem-banner.tsx';
import { startState } from './start.ts';

export function Status() {
  if (startState.value === 'unreachable') return <Away what="The daemon does not answer." />;
  if (startState.value === 'needs-token') return null;
  if (isAway.value) return <Away what="The connection is lost. What you see is the last that came." />;
  const problem = model.value?.problem.value ?? null;
  // A stop of the tour may have to make its machine first.
  if (problem !== null && !isComing.value)
    return <ProblemBanner problem={problem} machine={model.value?.machine ?? ''} />;
  return <CatchingUp />;
}

function Away({ what }: { readonly what: string }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const since = Date.now();
    const timer = setInterval(() => setSeconds(Math.round((Date.now() - since) / 1000)), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="banner away">
      <p role="status">{what} It is tried again and again, and goes on by itself.</p>
      {/* Not read out second by second. */}
      <p class="number dim" aria-hidden="true">
        {seconds} s
      </p>
    </div>
  );
}

/** Milliseconds: what takes no longer is not worth a word. */
const PATIENT_MS = 400;

function CatchingUp() {
  const now = scene.value;
  const isLoading = model.value !== null && (now === null || now.mode === 'loading');
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!isLoading) return;
    const timer = setTimeout(() => setShown(true), PATIENT_MS);
    return () => {
      clearTimeout(timer);
      setShown(false);
    };
  }, [isLoading]);
  if (!isLoading || !shown) return null;
  if (now === null || now.epoch === '') {
    return (
      <div class="banner">
        <p role="status">Fetching the picture of {model.value?.machine} …</p>
        <progress aria-label="Fetching the picture" />
      </div>
    );
  }
  return (
    <div class="banner">
      <p role="status">Catching up with {now.machine}:</p>
      <p class="number">
        commit {count(now.commit)} of {count(now.head)}
      </p>
      <progress aria-label="Catching up" value={now.commit} max={Math.max(now.head, 1)} />
    </div>
  );
}
