/** Which module files the daemon has: of the others it can tell no instructions, and need not be asked. */
import { client } from '../state/app.ts';

/** Milliseconds: somebody may bring a file that is missing. */
const ASKED_AGAIN = 5_000;

interface Known {
  readonly files: ReadonlyMap<string, boolean>;
  readonly since: number;
}

/** Of the machine and epoch that were asked for last, and of the one before: sha256 to whether it is stored. */
const known = new Map<string, Known>();
const KEPT = 2;

export async function isStored(machine: string, epoch: string, sha256: string): Promise<boolean> {
  const name = `${machine} ${epoch}`;
  const before = known.get(name);
  if (before?.files.get(sha256)) return true;
  if (before?.files.has(sha256) && performance.now() - before.since < ASKED_AGAIN) return false;
  const all = await client.machine(machine).files({ epoch });
  known.delete(name);
  known.set(name, { files: new Map(all.map((file) => [file.sha256, file.stored])), since: performance.now() });
  for (const oldest of known.keys()) if (known.size > KEPT) known.delete(oldest);
  return known.get(name)?.files.get(sha256) ?? false;
}
