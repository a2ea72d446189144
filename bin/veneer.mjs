#!/usr/bin/env node
// Starts the command line, which is TypeScript, wherever the package and the caller are.
import { readFileSync } from 'node:fs';
import { load } from './bundle.mjs';

// A reader that goes away (`veneer watch | head`) ends the program, quietly; a full disk does not.
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') process.exit(0);
  console.error(`veneer: the standard output can't be written: ${error.message}`);
  process.exit(1);
});

// `npm run` starts its scripts in the package's folder; the paths on the command line are those of the caller.
if (process.env.npm_lifecycle_event === 'veneer' && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);

const { main } = await load('clients/cli/main.ts');
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const code = await main(process.argv.slice(2), version);
// Whatever a library still has open must not hold a command that is done; what was written must get out first.
process.stderr.write('', () => process.stdout.write('', () => process.exit(code)));
