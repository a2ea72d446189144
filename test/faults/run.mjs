// `npm run test:faults`: makes a bundle of the daemon, so that one starts in half a second and is the same in all rounds,
// and runs main.ts with it.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';
import { build } from '../../bin/bundle.mjs';

// Below node_modules, so that what is not bundled is found.
const kept = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));
mkdirSync(kept, { recursive: true });
const folder = mkdtempSync(join(kept, 'veneerd-faults-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

await build('test/faults/program.ts', folder, { sourcemap: true, sourcesContent: false });
register({ tsconfig: false });
const { main } = await import('./main.ts');
process.exit(await main(process.argv.slice(2), ['--enable-source-maps', join(folder, 'test/faults/program.mjs')]));
