/** Debian packages as they are downloaded, made of files here. */
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

/** An ar(5) archive whose member `data.tar` installs `files`, by path. */
export async function debOf(files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  const archive = pack();
  for (const [path, bytes] of Object.entries(files)) archive.entry({ name: `./${path}` }, Buffer.from(bytes));
  archive.finalize();
  return ar({
    'debian-binary': Buffer.from('2.0\n'),
    'control.tar': Buffer.from('odd'),
    'data.tar': await buffer(archive),
  });
}

/** Members begin at even offsets. */
export function ar(members: Readonly<Record<string, Uint8Array>>): Buffer {
  const texts = Object.entries(members).map(([name, bytes]) => {
    const fields = [name.padEnd(16), '0'.padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '100644'.padEnd(8)];
    const header = `${fields.join('')}${String(bytes.length).padEnd(10)}\`\n`;
    return Buffer.concat([Buffer.from(header), bytes, Buffer.from(bytes.length % 2 === 1 ? '\n' : '')]);
  });
  return Buffer.concat([Buffer.from('!<arch>\n'), ...texts]);
}
