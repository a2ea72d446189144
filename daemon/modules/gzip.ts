/** `.ko.gz`, by node:zlib, which checks CRC-32 and length of every member. Source: RFC 1952. */
import { createGunzip } from 'node:zlib';
import { ModuleFileError } from './error.ts';
import { createOutput } from './output.ts';

export function gunzipModule(bytes: Uint8Array, limit: number, file: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const output = createOutput(file, limit);
    const gunzip = createGunzip();
    const fail = (error: unknown): void => {
      gunzip.destroy();
      reject(error);
    };
    gunzip.on('data', (chunk: Uint8Array) => {
      try {
        output.push(chunk);
      } catch (error) {
        fail(error);
      }
    });
    gunzip.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'Z_BUF_ERROR' ? 'truncated' : 'corrupt';
      fail(new ModuleFileError(code, file, `gzip: ${error.message}`));
    });
    gunzip.on('end', () => {
      const rest = bytes.length - gunzip.bytesWritten;
      if (rest === 0) resolve(output.bytes());
      else fail(new ModuleFileError('trailing-bytes', file, `${rest} bytes after the end of the gzip data`));
    });
    gunzip.end(bytes);
  });
}
