// Runs before `npm start`, `npm run veneer` and `npm test`: a fresh clone needs no step of its own. Installs what
// package-lock.json asks for when that changed since the last time, and is silent and quick when there is nothing to
// do. Everything goes to stderr: stdout belongs to the command that follows. Plain Node, no dependency, old syntax:
// it has to run where nothing is installed yet, and on a Node that is too old, to say so.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = [20, 19];
const WAIT_MS = 200;
/** npm writes the two lock files of one run within this time of each other. */
const SAME_RUN_MS = 5000;

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const lockfile = join(root, 'package-lock.json');
/** Which package-lock.json node_modules was made of. */
const stamp = join(modules, '.veneerd-install');

checkNode();
const wanted = fingerprint();
if (!isInstalled(wanted)) withLock(() => isInstalled(wanted) || install());

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(
    `veneerd needs Node ${OLDEST_NODE.join('.')} or newer, this is ${process.versions.node}: see https://nodejs.org`,
  );
}

function fingerprint() {
  const file = existsSync(lockfile) ? lockfile : join(root, 'package.json');
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function isInstalled(hash) {
  if (!existsSync(modules)) return false;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return true;
  // Somebody ran npm: it leaves a lock file of its own in node_modules, no older than the one that it worked by.
  const own = join(modules, '.package-lock.json');
  if (!existsSync(own) || !existsSync(lockfile)) return false;
  if (statSync(own).mtimeMs < statSync(lockfile).mtimeMs - SAME_RUN_MS) return false;
  writeFileSync(stamp, hash);
  return true;
}

function install() {
  const command = existsSync(lockfile) ? 'ci' : 'install';
  console.error(`veneerd: installing dependencies (npm ${command}), once for each package-lock.json`);
  const args = [command, '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath;
  const stdio = ['ignore', 2, 2];
  const windows = process.platform === 'win32';
  const done = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio })
    : spawnSync('npm', args, { cwd: root, stdio, shell: windows });
  if (done.error) fail(`npm ${command} could not be started: ${done.error.message}`);
  if (done.status !== 0) fail(`npm ${command} failed in ${root}`, done.status ?? 1);
  mkdirSync(modules, { recursive: true });
  writeFileSync(stamp, fingerprint());
}

/** One at a time for this folder: npm empties node_modules under the feet of another. The lock cannot stand in there. */
function withLock(work) {
  const lock = join(
    tmpdir(),
    `veneerd-install-${process.getuid?.() ?? ''}-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`,
  );
  let told = false;
  while (!acquire(lock)) {
    if (!told) console.error('veneerd: another process is installing dependencies, waiting for it');
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
  }
  process.once('exit', () => rmSync(lock, { recursive: true, force: true }));
  work();
}

/** The lock is a folder, made whole under another name: nobody sees it without the process id in it. */
function acquire(lock) {
  const mine = `${lock}.${process.pid}`;
  mkdirSync(mine, { recursive: true });
  writeFileSync(join(mine, 'pid'), String(process.pid));
  try {
    renameSync(mine, lock);
    return true;
  } catch (error) {
    rmSync(mine, { recursive: true, force: true });
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'EPERM') throw error;
  }
  const holder = holderOf(lock);
  if (holder !== undefined && !isAlive(holder)) evict(lock, holder);
  return false;
}

/** Takes the lock of a dead process away; puts it back if a living one had taken it over meanwhile. */
function evict(lock, holder) {
  const aside = `${lock}.dead.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (holderOf(aside) !== holder) renameSync(aside, lock);
    else rmSync(aside, { recursive: true, force: true });
  } catch {
    // Another one was quicker: the next round sees how it stands.
  }
}

function holderOf(lock) {
  try {
    return Number(readFileSync(join(lock, 'pid'), 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function fail(message, code = 1) {
  console.error(`veneerd: ${message}`);
  process.exit(code);
}
