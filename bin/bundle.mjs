// The command line as one bundle of plain JavaScript, kept in node_modules/.cache: through tsx every command would spend
// two seconds reading some nine hundred files, of the bundle it reads one. It is made anew whenever a source changes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const SOURCES = ['clients', 'protocol', 'daemon'];
/** A bundle this old has no process left that reads from it. */
const OLD_MS = 24 * 60 * 60 * 1000;

const root = fileURLToPath(new URL('..', import.meta.url));

/** The URL of the bundle's entry, made now if need be. Rejects where it cannot be made or kept. */
export async function bundle() {
  const kept = join(root, 'node_modules', '.cache', 'veneerd');
  const folder = join(kept, stamp());
  if (!existsSync(folder)) await make(kept, folder);
  return pathToFileURL(join(folder, 'main.mjs')).href;
}

/** Changes whenever a source, a dependency or Node does. */
function stamp() {
  const hash = createHash('sha256').update(process.versions.node);
  const add = (file) => {
    const { mtimeMs, size } = statSync(join(root, file));
    hash.update(`${file}\0${mtimeMs}\0${size}\0`);
  };
  for (const source of SOURCES) {
    const files = readdirSync(join(root, source), { recursive: true });
    for (const file of files.filter((name) => name.endsWith('.ts')).sort()) add(join(source, file));
  }
  for (const file of ['package.json', 'package-lock.json', 'bin/bundle.mjs']) {
    if (existsSync(join(root, file))) add(file);
  }
  return hash.digest('hex').slice(0, 32);
}

async function make(kept, folder) {
  mkdirSync(kept, { recursive: true });
  for (const name of readdirSync(kept)) {
    const other = join(kept, name);
    if (Date.now() - statSync(other).mtimeMs > OLD_MS) rmSync(other, { recursive: true, force: true });
  }
  // tsx works with esbuild and brings it along.
  const { build } = createRequire(createRequire(import.meta.url).resolve('tsx/package.json'))('esbuild');
  const unfinished = `${folder}.${process.pid}`;
  await build({
    absWorkingDir: root,
    entryPoints: ['clients/cli/main.ts'],
    outdir: unfinished,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    tsconfigRaw: {},
    // Dependencies that are CommonJS ask for Node's modules in their own way.
    banner: { js: "import{createRequire as $require}from'node:module';const require=$require(import.meta.url);" },
  });
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}
