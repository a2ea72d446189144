/** The bytes of a file that a person gave. A browser can refuse: it was changed or removed since, is a folder, or is too large to be held. */
import { ClientError } from '../../sdk/errors.ts';

export async function readFile(file: Pick<File, 'name' | 'arrayBuffer'>): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ClientError('unreadable', `the browser can’t read ${file.name}: ${why}`);
  }
}
