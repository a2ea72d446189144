/** Which rules this program decides by: rows are only put together that were made by the same. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../../../version.ts';

/** The rooms whose code a row follows from. */
const ROOMS = ['protocol', 'daemon/kernel', 'daemon/headless/plan'];
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/** `0.1.0 (rules 3f9a0c21…)`: version, and a digest of the sources. */
export async function ownRules(): Promise<string> {
  const hash = createHash('sha256');
  for (const room of ROOMS) {
    const files = await readdir(join(ROOT, room), { recursive: true });
    for (const file of files.filter((name) => name.endsWith('.ts')).sort()) {
      hash.update(`${room}/${file}\0`).update(await readFile(join(ROOT, room, file)));
    }
  }
  return `${VERSION} (rules ${hash.digest('hex').slice(0, 12)})`;
}
