/** Runs the `sh` blocks of a page as a person would type them: in bash, in a folder of its own, with both programs at hand. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAMS = ['veneer', 'veneerd'];

export interface ShellRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The last command that was begun, as bash read it. */
  readonly last: string;
}

/** The lines of all `sh` blocks, or of the first `most` of them. */
export function shellLines(page: string, most = Number.POSITIVE_INFINITY): string {
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].slice(0, most);
  return blocks.map((block) => block[1]).join('');
}

/** Runs `script` until its first failure or for `ms`, and ends all that it started. */
export async function runShell(script: string, env: NodeJS.ProcessEnv, ms: number): Promise<ShellRun> {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-doc-'));
  const bin = join(folder, '.bin');
  mkdirSync(bin);
  for (const program of PROGRAMS) {
    writeFileSync(
      join(bin, program),
      `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'bin', program)}.mjs' "$@"\n`,
    );
    chmodSync(join(bin, program), 0o755);
  }
  for (const name of ['docs', 'test']) symlinkSync(join(ROOT, name), join(folder, name));
  const { VENEERD_URL: _, VENEERD_MACHINE: __, REDIS_URL: ___, ...inherited } = process.env;
  const frame = ['set -euo pipefail', `trap 'echo "$BASH_COMMAND" > .last' DEBUG`];
  const child = spawn('bash', ['-c', `${frame.join('\n')}\n${script}`], {
    cwd: folder,
    env: { ...inherited, PATH: `${bin}:${inherited.PATH}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, which ends as one.
    detached: true,
  });
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nobody is left in it.
    }
  };
  const late = setTimeout(end, ms);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', resolve);
    });
    return { code, out, err, last: lastIn(folder) };
  } finally {
    clearTimeout(late);
    end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function lastIn(folder: string): string {
  const file = join(folder, '.last');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}
