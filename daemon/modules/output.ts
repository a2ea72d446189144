/** Collects what a decompressor puts out, up to a limit. */
import { ModuleFileError } from './error.ts';

export interface Output {
  /** Throws `too-large` when the limit is passed: the decompressor stops there. */
  push(chunk: Uint8Array): void;
  /** All of it in one array. */
  bytes(): Uint8Array;
}

export function tooLarge(file: string, limit: number): ModuleFileError {
  return new ModuleFileError('too-large', file, `unpacks to more than the limit of ${limit} bytes`);
}

export function createOutput(file: string, limit: number): Output {
  const chunks: Uint8Array[] = [];
  let length = 0;
  return {
    push(chunk) {
      length += chunk.length;
      if (length > limit) throw tooLarge(file, limit);
      if (chunk.length > 0) chunks.push(chunk);
    },
    bytes() {
      const whole = new Uint8Array(length);
      let at = 0;
      for (const chunk of chunks) {
        whole.set(chunk, at);
        at += chunk.length;
      }
      return whole;
    },
  };
}
