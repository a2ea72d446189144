#!/usr/bin/env node
// Starts the daemon, which is TypeScript, wherever the package and the caller are.
import { load } from './bundle.mjs';
import { pageFolder } from './page.mjs';

process.setSourceMapsEnabled(true);
const { main } = await load('daemon/main.ts');
await main(process.argv.slice(2), pageFolder);
