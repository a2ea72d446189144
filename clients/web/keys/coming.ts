/** Which owners came into a list, and which left it, since a moment ago: those rows move, and no others. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { KeyRowsAnswer, Line, OwnerLine } from '../model/queries/key-rows.ts';

/** Milliseconds that a row is on its way; keys.css takes as long. */
const MOVING_MS = 600;
/** Farther than so many commits the picture did not move but jump. */
const JUMP = 64;

export interface Coming {
  readonly fresh: (line: OwnerLine) => boolean;
  readonly gone: readonly Line[];
  /** Whether rows change places. */
  readonly moving: boolean;
}

export function useComing(answer: KeyRowsAnswer | undefined): Coming {
  const last = useRef<KeyRowsAnswer>(undefined);
  const base = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [gone, setGone] = useState<readonly Line[]>([]);
  const [moving, setMoving] = useState(false);

  const before = last.current;
  if (answer !== undefined && before !== answer) {
    last.current = answer;
    const ahead = before === undefined ? Number.POSITIVE_INFINITY : answer.commit - before.commit;
    if (ahead < 0 || ahead > JUMP) base.current = answer.commit;
  }

  useEffect(() => {
    if (answer === undefined || before === undefined || before === answer) return;
    const ahead = answer.commit - before.commit;
    if (ahead <= 0 || ahead > JUMP) return;
    const left = leftRows(before, answer);
    if (answer.height === before.height && left.length === 0) return;
    setGone(left);
    setMoving(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      base.current = answer.commit;
      setGone([]);
      setMoving(false);
    }, MOVING_MS);
  }, [answer]);
  useEffect(() => () => clearTimeout(timer.current), []);

  return { fresh: ({ since }) => moving && since > base.current, gone, moving };
}

/** Owners that an open list had on the screen and has no more. */
function leftRows(before: KeyRowsAnswer, now: KeyRowsAnswer): readonly Line[] {
  const there = new Set(now.rows.map(({ id }) => id));
  const first = now.rows[0]?.top ?? 0;
  const end = now.rows.at(-1)?.top ?? 0;
  return before.rows.filter(
    (line) => line.kind === 'owner' && !there.has(line.id) && line.top >= first && line.top <= end,
  );
}
