// `npm run bench`: the benchmarks as one bundle of plain JavaScript, which is how the programs run. What tsx puts around each
// function so that it keeps its name would be measured with it.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from '../../bin/bundle.mjs';

// Below node_modules, so that what is not bundled is found.
const kept = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));
mkdirSync(kept, { recursive: true });
const folder = mkdtempSync(join(kept, 'veneerd-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

// In parts: what only one of them needs is loaded there.
await build('test/bench/main.ts', folder, { splitting: true });
const program = join(folder, 'test/bench/main.mjs');
process.argv[1] = program;
await import(pathToFileURL(program).href);
