/** When something is not as it should be: no connection, a position that is not there, a machine that is gone. */
import { useEffect, useState } from 'preact/hooks';
import { goLive, model, scene } from '../state/app.ts';
import { startState } from './start.ts';

export function Status() {
  const problem = model.value?.problem.value ?? null;
  const away = model.value?.connection.value === 'connecting' && scene.value !== null;
  if (startState.value === 'unreachable') return <Away what="The daemon does not answer" />;
  if (away) return <Away what="The connection is lost. What you see is the last that came" />;
  if (problem === null) return null;
  return (
    <div class="banner problem" role="alert">
      <p>
        {problem.message} <code>{problem.code}</code>
      </p>
      <button type="button" onClick={goLive}>
        Go to the newest commit
      </button>
    </div>
  );
}

function Away({ what }: { readonly what: string }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((before) => before + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="banner away" role="status">
      <p>
        {what}. Trying again since <span class="number">{seconds} s</span>; it goes on by itself.
      </p>
    </div>
  );
}
