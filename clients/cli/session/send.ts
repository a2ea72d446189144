/** A whole session file to a daemon: it makes the machine of it or nothing, and answers a second time as the first. */
import { bytesOf } from '../../../daemon/headless/session/file.ts';
import type { Position } from '../../../protocol/commit.ts';
import { ClientError } from '../../sdk/errors.ts';
import type { Client } from '../../sdk/types.ts';
import type { Context } from '../context.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { plain } from '../format/plain.ts';
import { patiently } from './patience.ts';
import { reading } from './reading.ts';

export async function sendSession(context: Context, client: Client, name: string, file: string): Promise<Position> {
  const { out, interruption } = context;
  const again = (error: ClientError): void => out.note(plain(`${error.message}; sending ${file} again`));
  try {
    const { position } = await patiently(interruption(), again, () =>
      reading(context, [file], `machine ${name} was not made`, (onBytes) =>
        client.importSession(name, bytesOf(file, onBytes)),
      ),
    );
    return position;
  } catch (error) {
    throw error instanceof ClientError && error.code === 'bad-session' ? inFile(file, error.message) : error;
  }
}

/** The daemon names the line, and does not know the file. */
function inFile(file: string, message: string): CliFailure {
  return new CliFailure(EXIT.usage, 'bad-session', plain(`${file}:${message.replace(/^line (\d+): /, '$1: ')}`));
}
