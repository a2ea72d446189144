/** Recordings of real kernels, which lie beside the repository and never in it. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { MachineProfile } from '../../protocol/profile.ts';

const run = promisify(execFile);

export const TRUTH = resolve(import.meta.dirname, '../../../shared/truth');

/** Whether recordings are there; says so loudly, with what is skipped, where they are not. */
export function hasTruth(what: string): boolean {
  if (existsSync(join(TRUTH, 'check.mjs'))) return true;
  process.stderr.write(`SKIPPED: ${what}: no recordings beside the repository (../shared/truth)\n`);
  return false;
}

export interface Recording {
  readonly name: string;
  readonly scenario: string;
  readonly machine: Pick<MachineProfile, 'arch' | 'layout' | 'pageSize'>;
}

/** Every folder of ../shared/truth that holds `file` beside its scenario. */
export function recordings(file = 'scenario.json'): readonly Recording[] {
  if (!existsSync(TRUTH)) return [];
  return readdirSync(TRUTH)
    .filter((name) => [file, 'scenario.json'].every((one) => existsSync(join(TRUTH, name, one))))
    .map((name) => {
      const scenario = join(TRUTH, name, 'scenario.json');
      return { name, scenario, machine: JSON.parse(readFileSync(scenario, 'utf8')).machine };
    });
}

/** The folder of the modules that a recording names, unpacked once and kept between runs outside the repository. */
export async function modulesOf({ machine }: Recording): Promise<string> {
  const archive = join(TRUTH, `${archiveOf(machine)}.tar.xz`);
  const { size, mtimeMs } = statSync(archive);
  const key = createHash('sha256').update(`${archive} ${size} ${mtimeMs}`).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `veneerd-modules-${key}`);
  if (existsSync(folder)) return folder;
  const half = `${folder}.${process.pid}`;
  await mkdir(half, { recursive: true });
  await run('tar', ['-xJf', archive, '-C', half]);
  // Whoever comes second finds it done.
  await rename(half, folder).catch(() => rm(half, { recursive: true }));
  return folder;
}

function archiveOf({ arch, layout, pageSize }: Recording['machine']): string {
  if (layout === 'linux-6.1') return `modules-${arch}`;
  return arch === 'arm64' ? `modules-arm64-6.12-${pageSize / 1024}k` : `modules-${arch}-6.12`;
}
