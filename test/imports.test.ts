import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** Which rooms a room may import from, the first match from the top. What is not listed may import only itself. */
const ARROWS: readonly (readonly [room: string, allowed: readonly string[]])[] = [
  ['protocol', []],
  ['daemon/kernel', ['protocol']],
  ['daemon/log', ['protocol']],
  ['daemon/modules', ['protocol']],
  // A queue of sweeps hands module files around as blobs in Redis.
  ['daemon/headless/plan/queue', ['protocol', 'daemon/headless', 'daemon/log', 'daemon/version.ts']],
  ['daemon/headless', ['protocol', 'daemon/kernel', 'daemon/modules', 'daemon/version.ts']],
  ['daemon/pipelines', ['protocol', 'daemon']],
  ['daemon/gateway', ['protocol', 'daemon']],
  ['daemon', ['protocol', 'daemon']],
  ['clients/sdk', ['protocol']],
  // The doors from a client into the daemon's house: `veneer run` works without a daemon, and both read module files.
  ['clients/cli', ['protocol', 'clients/sdk', 'daemon/headless', 'daemon/modules']],
  ['clients/web', ['protocol', 'clients/sdk']],
];

const NODE_FREE = ['protocol', 'daemon/kernel'];

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/^\s*(?:import|export)\b[^'"]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
}

/** Imports that are there at run time. */
function valuesOf(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/^\s*(?:import|export)\s+(?!type\b)[^'";]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'/gm)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
}

const within = (path: string, room: string) => path === room || path.startsWith(`${room}/`);
const files = ['protocol', 'daemon', 'clients'].flatMap((room) => [...sources(room)]);

describe('imports', () => {
  it('HOUSE-1: arrows between rooms run one way', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const [room, allowed] = ARROWS.find(([name]) => within(file, name)) ?? [dirname(file), []];
      for (const target of importsOf(file)) {
        if (!target.startsWith('.')) continue;
        const path = relative(ROOT, resolve(ROOT, dirname(file), target));
        if (!within(path, room) && !allowed.some((other) => within(path, other))) wrong.push(`${file} -> ${path}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('HOUSE-3: the page carries no schemas: what it needs of the protocol at run time does without typebox', () => {
    const seen = new Set<string>();
    const wrong: string[] = [];
    const visit = (file: string, from: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const target of valuesOf(file)) {
        if (target === 'typebox' || target.startsWith('typebox/')) wrong.push(`${from} -> ${file} -> ${target}`);
        if (target.startsWith('.') && /\.tsx?$/.test(target))
          visit(relative(ROOT, resolve(ROOT, dirname(file), target)), file);
      }
    };
    for (const file of files) if (within(file, 'clients/web')) visit(file, file);
    expect(wrong).toEqual([]);
    expect(seen.size).toBeGreaterThan(100);
  });

  it('HOUSE-2: the protocol and the simulated kernel use no Node API, no clock and no randomness', () => {
    const wrong: string[] = [];
    for (const file of files) {
      if (!NODE_FREE.some((room) => within(file, room))) continue;
      for (const target of importsOf(file)) if (target.startsWith('node:')) wrong.push(`${file} -> ${target}`);
      const text = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      // A date of a time that is given is no clock.
      for (const name of [
        'Date.now',
        'new Date()',
        'new Date;',
        'Math.random',
        'performance.now',
        'process.',
        'Buffer.',
      ]) {
        if (text.includes(name)) wrong.push(`${file} uses ${name}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
