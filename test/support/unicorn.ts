/** The Unicorn emulator as an independent CPU; tests that need it skip by name where it is missing. */
import { execFileSync } from 'node:child_process';
import type { MemoryImage } from '../../daemon/headless/image.ts';

export const PYTHON = '/usr/bin/python3';

export const hasUnicorn = ((): boolean => {
  try {
    execFileSync(PYTHON, ['-c', 'import unicorn'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('SKIPPED: execution on an independent CPU: install python3-unicorn\n');
    return false;
  }
})();

export type Image = Pick<MemoryImage, 'segments' | 'calls'>;

/** What a Python program prints, as JSON, when it reads `input` as JSON. */
export function emulate<T>(program: string, input: unknown): T {
  const given = JSON.stringify(input);
  return JSON.parse(execFileSync(PYTHON, ['-c', program], { input: given, encoding: 'utf8', maxBuffer: 1 << 28 }));
}
