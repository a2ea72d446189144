// The page as files that the daemon serves, kept in node_modules/.cache beside the bundles and made anew whenever a source
// changes. Each has a compressed twin: nothing is compressed while somebody waits.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { CACHE, stampOf } from './bundle.mjs';

const SOURCES = ['clients/web', 'clients/sdk', 'protocol', 'sessions'];
const COMPRESSED = /\.(html|js|css|svg)$/;

const root = fileURLToPath(new URL('..', import.meta.url));

/** The folder of the page, made now if need be; undefined where it is not there and cannot be made, with why on stderr. */
export async function pageFolder() {
  const folder = join(CACHE, `page-${stampOf(SOURCES, /./, ['bin/page.mjs'])}`);
  if (existsSync(folder)) return folder;
  try {
    await make(folder);
    return folder;
  } catch (error) {
    const missing = error.code === 'ERR_MODULE_NOT_FOUND';
    const why = missing ? 'what builds it is not installed: npm ci --include=dev' : error.message;
    console.error(`veneerd: there is no page, ${why}`);
    return undefined;
  }
}

async function make(folder) {
  const { build } = await import('vite');
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(CACHE, { recursive: true });
  try {
    await build({
      configFile: join(root, 'clients/web/vite.config.ts'),
      logLevel: 'error',
      build: { outDir: unfinished, emptyOutDir: true },
    });
    for (const name of readdirSync(unfinished, { recursive: true })) {
      if (COMPRESSED.test(name)) compress(join(unfinished, name));
    }
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

function compress(file) {
  const bytes = readFileSync(file);
  writeFileSync(`${file}.br`, brotliCompressSync(bytes));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}
