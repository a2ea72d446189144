/** Captures of what real kernels show, which lie beside the repository and never in it, and the modules that they loaded. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kernelPackage } from './debian.ts';
import { modulesOf, TRUTH } from './truth.ts';

const run = promisify(execFile);
const CAPTURES = join(TRUTH, 'captures');

export interface CaptureStep {
  readonly op: 'load' | 'unload';
  readonly module: string;
  readonly start: number;
  readonly end: number;
  readonly errno: number;
  readonly trace_module_load?: boolean;
}

export interface CaptureMoment {
  readonly dir: string;
  readonly after_steps: number;
  readonly uid: number;
  readonly kptr_restrict: number;
  readonly loaded_newest_first: readonly string[];
  readonly vmallocinfo: 'hashed' | 'real' | 'unreadable';
  readonly trace_lost?: number;
}

export interface CaptureSession {
  readonly arch: 'arm64' | 'x86-64';
  readonly kernel: string;
  /** `linux-image-… VERSION` */
  readonly package: string;
  readonly page_size: number;
  readonly kaslr: boolean;
  readonly moments: readonly CaptureMoment[];
  readonly steps: readonly CaptureStep[];
}

export interface Capture {
  readonly name: string;
  readonly folder: string;
  readonly session: CaptureSession;
}

export function captureNames(): readonly string[] {
  if (!existsSync(CAPTURES)) return [];
  return readdirSync(CAPTURES).flatMap((file) => (file.endsWith('.tar.xz') ? [file.slice(0, -'.tar.xz'.length)] : []));
}

/** The capture, unpacked once and kept between runs outside the repository. */
export async function capture(name: string): Promise<Capture> {
  const archive = join(CAPTURES, `${name}.tar.xz`);
  const { size, mtimeMs } = statSync(archive);
  const key = createHash('sha256').update(`${archive} ${size} ${mtimeMs}`).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `veneerd-capture-${key}`);
  if (!existsSync(folder)) {
    const half = `${folder}.${process.pid}`;
    await mkdir(half, { recursive: true });
    await run('tar', ['-xJf', archive, '-C', half]);
    // Whoever comes second finds it done.
    await rename(half, folder).catch(() => rm(half, { recursive: true }));
  }
  const [inner = ''] = existsSync(join(folder, 'session.json')) ? [''] : readdirSync(folder);
  const session = JSON.parse(readFileSync(join(folder, inner, 'session.json'), 'utf8')) as CaptureSession;
  return { name, folder: join(folder, inner), session };
}

/**
 * Where the capture's module files are: Debian's package in its exact version, else the recordings' own archives, which hold
 * some of them; said loudly. Modules of the capture itself come with it.
 */
export async function capturedModules({ name, folder, session }: Capture): Promise<readonly string[]> {
  const own = existsSync(join(folder, 'lib')) ? [join(folder, 'lib')] : [];
  const [pack = '', version = ''] = session.package.split(' ');
  try {
    const { folder: unpacked } = await kernelPackage(session.arch === 'arm64' ? 'arm64' : 'amd64', pack, version);
    const lib = ['usr/lib/modules', 'lib/modules']
      .map((path) => join(unpacked, path))
      .filter((path) => existsSync(path));
    return [...lib, ...own];
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    process.stderr.write(`SKIPPED in part: ${name}: modules that only ${session.package} has: ${why}\n`);
    const layout = session.kernel.startsWith('6.1.') ? 'linux-6.1' : 'linux-6.12';
    const machine = { arch: session.arch, layout, pageSize: session.page_size as 4096 } as const;
    return [await modulesOf({ name, scenario: '', machine }), ...own];
  }
}
