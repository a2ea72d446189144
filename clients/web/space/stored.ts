/** Which module files the daemon has: of the others it can tell no instructions, and need not be asked. */
import { client } from '../state/app.ts';

/** By machine and epoch: sha256 to whether it is stored. */
const known = new Map<string, Map<string, boolean>>();

export async function isStored(machine: string, epoch: string, sha256: string): Promise<boolean> {
  const name = `${machine} ${epoch}`;
  const before = known.get(name)?.get(sha256);
  if (before !== undefined) return before;
  const files = await client.machine(machine).files({ epoch });
  known.set(name, new Map(files.map((file) => [file.sha256, file.stored])));
  return known.get(name)?.get(sha256) ?? false;
}
