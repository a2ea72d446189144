#!/usr/bin/env node
// Starts the command line. The program is TypeScript: tsx reads it, wherever the package and the caller are.
import { readFileSync } from 'node:fs';
import { register } from 'tsx/esm/api';

// A reader that goes away (`veneer watch | head`) ends the program, quietly.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));

// tsx would look for a tsconfig.json where the caller is.
register({ tsconfig: false });
const { main } = await import('../clients/cli/main.ts');
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const code = await main(process.argv.slice(2), version);
// Whatever a library still has open must not hold a command that is done; what was written must get out first.
process.stderr.write('', () => process.stdout.write('', () => process.exit(code)));
