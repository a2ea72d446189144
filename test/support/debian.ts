/**
 * Debian's own kernel modules, for benchmarks and for sessions of real loads. The package is fetched with apt-get, for an
 * architecture that need not be this machine's, into a cache outside the repository; nothing of the system is changed.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = process.env.VENEERD_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'veneerd');

/** Module files of the package, dependencies before their users. Rejects where the package cannot be had. */
export async function debianModules(
  architecture: 'arm64' | 'amd64',
  wanted: string,
  series: RegExp,
): Promise<readonly string[]> {
  const folder = await unpacked(architecture, wanted, series);
  const files: string[] = [];
  await collect(folder, files);
  return inDependencyOrder(files.sort());
}

async function unpacked(architecture: string, wanted: string, series: RegExp): Promise<string> {
  const present = join(cache, wanted);
  if (await exists(join(present, 'complete'))) return present;
  const apt = await privateApt(architecture);
  await run('apt-get', [...apt, 'update']);
  const { stdout } = await run('apt-cache', [...apt, 'search', '--names-only', '^linux-image-']);
  const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
  const newest = names.filter((name) => series.test(name)).sort(new Intl.Collator('en', { numeric: true }).compare);
  const name = names.includes(wanted) ? wanted : newest.at(-1);
  if (name === undefined) throw new Error(`no package like ${wanted} for ${architecture} in apt's sources`);
  const target = join(cache, name);
  if (await exists(join(target, 'complete'))) return target;
  await mkdir(target, { recursive: true });
  await run('apt-get', [...apt, 'download', name], { cwd: target });
  const deb = (await readdir(target)).find((file) => file.endsWith('.deb'));
  if (deb === undefined) throw new Error(`apt-get downloaded no .deb of ${name}`);
  await run('dpkg-deb', ['-x', join(target, deb), target]);
  await writeFile(join(target, 'complete'), '');
  return target;
}

/** Options that give apt a state of its own, in which that architecture is native. */
async function privateApt(architecture: string): Promise<string[]> {
  const state = join(cache, `apt-${architecture}`);
  await mkdir(join(state, 'lists', 'partial'), { recursive: true });
  await mkdir(join(state, 'archives', 'partial'), { recursive: true });
  await writeFile(join(state, 'status'), '');
  const options = {
    'Dir::State': state,
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': state,
    'APT::Architecture': architecture,
    'APT::Architectures::': architecture,
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}

async function collect(folder: string, files: string[]): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await collect(path, files);
    else if (/\.ko(\.xz)?$/.test(entry.name)) files.push(path);
  }
}

const nameOf = (file: string) =>
  basename(file)
    .replace(/\.ko.*$/, '')
    .replaceAll('-', '_');

async function inDependencyOrder(files: readonly string[]): Promise<readonly string[]> {
  const byName = new Map(files.map((file) => [nameOf(file), file]));
  const needs = new Map<string, readonly string[]>();
  for (const file of files) {
    const names = dependsOf(await readFile(file));
    needs.set(
      file,
      names.flatMap((name) => byName.get(name.replaceAll('-', '_')) ?? []),
    );
  }
  const ordered = new Set<string>();
  const visit = (file: string) => {
    if (ordered.has(file)) return;
    for (const needed of needs.get(file) ?? []) visit(needed);
    ordered.add(file);
  };
  for (const file of files) visit(file);
  return [...ordered];
}

/** The `depends=` entry of a module's .modinfo. */
function dependsOf(bytes: Buffer): readonly string[] {
  const start = bytes.indexOf('\0depends=') + 1;
  if (start === 0) return [];
  const text = bytes.toString('latin1', start + 'depends='.length, bytes.indexOf(0, start));
  return text.split(',').filter((name) => name !== '');
}

/** Where kernels of a series come from, beside what this machine's apt knows. */
const SUITES: readonly (readonly [series: RegExp, suite: string])[] = [
  [/^6\.1\./, 'bookworm'],
  [/^6\.12\./, 'trixie'],
];

/**
 * The folder of an exact version of a kernel's package (`linux-image-… VERSION`), fetched and unpacked once. Rejects where no
 * archive has it any more.
 */
export async function kernelPackage(
  architecture: 'arm64' | 'amd64',
  name: string,
  version: string,
): Promise<{ readonly folder: string; readonly deb: string }> {
  const target = join(cache, name);
  const found = async () => {
    const debs = (await readdir(target).catch(() => [])).filter((file) => file.startsWith(`${name}_${version}_`));
    return (await exists(join(target, 'complete'))) ? debs[0] : undefined;
  };
  let deb = await found();
  if (deb === undefined) {
    const apt = [...(await privateApt(architecture)), ...(await suitesOf(version))];
    await run('apt-get', [...apt, 'update'], { timeout: 240_000 });
    await mkdir(target, { recursive: true });
    await run('apt-get', [...apt, 'download', `${name}=${version}`], { cwd: target, timeout: 240_000 });
    deb = (await readdir(target)).find((file) => file.startsWith(`${name}_${version}_`));
    if (deb === undefined) throw new Error(`apt-get downloaded no .deb of ${name} ${version}`);
    await run('dpkg-deb', ['-x', join(target, deb), target]);
    await writeFile(join(target, 'complete'), '');
  }
  return { folder: target, deb: join(target, deb) };
}

/** The archives that this machine's apt uses, asked for the release that the version belongs to. */
async function suitesOf(version: string): Promise<readonly string[]> {
  const suite = SUITES.find(([series]) => series.test(version))?.[1];
  if (suite === undefined) return [];
  const { stdout } = await run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(ORIGIN)',
    'Created-By: Packages',
  ]);
  const archives = new Set(stdout.split('\n').flatMap((line) => /^(\S+) Debian$/.exec(line)?.[1] ?? []));
  const key = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
  const lines = [...archives].flatMap((archive) =>
    (/security/.test(archive) ? [`${suite}-security`] : [suite, `${suite}-updates`]).map(
      (one) => `deb ${key} ${archive} ${one} main`,
    ),
  );
  const list = join(cache, `${suite}.list`);
  await writeFile(list, `${lines.join('\n')}\n`);
  return ['-o', `Dir::Etc::sourcelist=${list}`, '-o', 'Dir::Etc::sourceparts=/dev/null'];
}
