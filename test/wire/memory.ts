/** The memory that a process holds by itself, without the files that it has mapped, as Linux tells it. */
import { readFileSync } from 'node:fs';

/** Why memory can't be looked at here; undefined where it can. */
export const noProc = process.platform === 'linux' ? undefined : 'SKIPPED: only Linux tells the memory of a process';

/** Bytes. */
export function ownMemory(pid: number | undefined): number {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status does not tell RssAnon`);
  return Number(kib) * 1024;
}
