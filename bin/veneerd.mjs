#!/usr/bin/env node
// Starts the daemon, which is TypeScript, wherever the package and the caller are.
import { load } from './bundle.mjs';

process.setSourceMapsEnabled(true);
await load('daemon/main.ts');
