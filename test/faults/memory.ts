/** How much memory a daemon holds over time, as Linux tells it: its own, without the files that it has mapped. */
import { readFileSync } from 'node:fs';
import type { Daemon } from './daemon.ts';

const EVERY_MS = 30_000;

/** Tells of it now and then; call the result to end it, with a line that sums up. */
export function watchMemory(store: string, daemon: Daemon | undefined, say: (text: string) => void): () => void {
  const samples: number[] = [];
  const look = (): void => {
    const mib = heldBy(daemon?.pid);
    if (mib === undefined) return;
    samples.push(mib);
    say(`${store}: ${daemon?.name} holds ${mib} MiB`);
  };
  const timer = setInterval(look, EVERY_MS);
  return () => {
    clearInterval(timer);
    if (samples.length > 0) say(`${store}: MiB of ${daemon?.name}, every ${EVERY_MS / 1000} s: ${samples.join(' ')}`);
  };
}

/** MiB; undefined where there is no /proc, or no such process. */
function heldBy(pid: number | undefined): number | undefined {
  try {
    const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Math.round(Number(kib) / 1024);
  } catch {
    return undefined;
  }
}
