// The programs as bundles of plain JavaScript, kept in node_modules/.cache: through tsx each start would spend seconds on
// reading some nine hundred files, of a bundle it reads a few. They are made anew whenever a source changes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const SOURCES = ['clients', 'protocol', 'daemon'];
/** No command runs for so long that it still reads from a bundle this old. */
const OLD_MS = 24 * 60 * 60 * 1000;

const root = fileURLToPath(new URL('..', import.meta.url));

/** Where what is made of the sources is kept. */
export const CACHE = join(root, 'node_modules', '.cache', 'veneerd');

/** Runs one of the programs, and gives what it exports. */
export async function load(program) {
  const folder = await bundles().catch(() => undefined);
  if (folder !== undefined) return import(pathToFileURL(join(folder, program.replace(/\.ts$/, '.mjs'))).href);
  // Where nothing can be written: the same program, read file by file. Without tsconfig: tsx would take the caller's.
  const { register } = await import('tsx/esm/api');
  register({ tsconfig: false });
  return import(pathToFileURL(join(root, program)).href);
}

/** The folder of the bundles, made now if need be. Rejects where it cannot be made or kept. */
async function bundles() {
  const folder = join(CACHE, stampOf(SOURCES, /\.ts$/, ['bin/bundle.mjs']));
  if (!existsSync(folder)) await make(CACHE, folder);
  return folder;
}

/** Changes whenever a source, a dependency, Node or the place of it all does; not by what an image does to file times. */
export function stampOf(sources, pattern, others) {
  const hash = createHash('sha256').update(`${process.versions.node}\0${root}\0`);
  const add = (file) => hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  for (const source of sources) {
    const entries = readdirSync(join(root, source), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && pattern.test(entry.name));
    for (const file of files.map((entry) => relative(root, join(entry.parentPath, entry.name))).sort()) add(file);
  }
  for (const file of ['package.json', 'package-lock.json', ...others]) {
    if (existsSync(join(root, file))) add(file);
  }
  return hash.digest('hex').slice(0, 32);
}

/** Sources find the files that ship with them from where they are: in a bundle, too, their URL is that of the source. */
const ownUrls = {
  name: 'own-urls',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (![...SOURCES, 'test'].some((source) => path.startsWith(join(root, source, sep)))) return undefined;
      const text = await readFile(path, 'utf8');
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)), loader: 'ts' };
    });
  },
};

async function make(kept, folder) {
  mkdirSync(kept, { recursive: true });
  for (const name of readdirSync(kept)) {
    const other = join(kept, name);
    if (Date.now() - statSync(other).mtimeMs > OLD_MS) rmSync(other, { recursive: true, force: true });
  }
  const unfinished = `${folder}.${process.pid}`;
  await Promise.all([
    // A command reads no more of it than it needs.
    build('clients/cli/main.ts', unfinished, { splitting: true }),
    build('daemon/headless/plan/thread.ts', unfinished),
    // In one piece: the folder may go while the daemon runs. What it logs of a mistake names the sources.
    build('daemon/main.ts', unfinished, { sourcemap: true, sourcesContent: false }),
  ]);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

/** Bundles a program, given by its path in the repository, into `outdir`: `daemon/main.ts` becomes `daemon/main.mjs`. */
export function build(program, outdir, options = {}) {
  // tsx works with esbuild and brings it along.
  const esbuild = createRequire(createRequire(import.meta.url).resolve('tsx/package.json'))('esbuild');
  return esbuild.build({
    entryPoints: [program],
    absWorkingDir: root,
    outbase: root,
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    tsconfigRaw: {},
    plugins: [ownUrls],
    // They find their native library, their WebAssembly, or files of their own next to themselves.
    external: ['lmdb', '@alexaltea/capstone-js', 'playwright-core'],
    // Dependencies that are CommonJS ask for Node's modules in their own way.
    banner: { js: "import{createRequire as $require}from'node:module';const require=$require(import.meta.url);" },
    ...options,
  });
}
