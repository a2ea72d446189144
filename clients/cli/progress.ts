/** A progress bar on stderr for work that takes more than a second; none where stderr is no terminal. */
import cliProgress from 'cli-progress';

const DELAY_MS = 1000;
/** To the first column, and nothing behind it; the bar draws itself again soon. */
const CLEAR_LINE = '\r\x1b[K';

export interface Progress {
  /** `done` of the total is done; `what` is in hand now. */
  update(done: number, what: string): void;
  /** Runs `print` with the bar out of its way, where both go to one terminal. */
  above(print: () => void): void;
  stop(): void;
}

export function progress(total: number, unit: string): Progress {
  if (process.stderr.isTTY !== true) return { update: () => {}, above: (print) => print(), stop: () => {} };
  const bar = new cliProgress.SingleBar({
    format: `[{bar}] {value}/{total} ${unit}  {what}`,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    barsize: 30,
    clearOnComplete: true,
    hideCursor: true,
    stream: process.stderr,
  });
  let latest: readonly [done: number, what: string] = [0, ''];
  let shown = false;
  const timer = setTimeout(() => {
    shown = true;
    bar.start(total, latest[0], { what: latest[1] });
  }, DELAY_MS);
  return {
    update: (done, what) => {
      latest = [done, what];
      if (shown) bar.update(done, { what });
    },
    above: (print) => {
      if (shown) process.stderr.write(CLEAR_LINE);
      print();
    },
    stop: () => {
      clearTimeout(timer);
      if (shown) bar.stop();
      shown = false;
    },
  };
}
