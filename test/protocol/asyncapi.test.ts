import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { VERSION } from '../../daemon/version.ts';
import { asyncApi } from '../../protocol/asyncapi.ts';
import { CLIENT_FRAMES, SERVER_FRAMES } from '../../protocol/frames.ts';

const FILE = fileURLToPath(new URL('../../docs/asyncapi.json', import.meta.url));
const document = JSON.parse(JSON.stringify(asyncApi(VERSION))) as Record<string, unknown>;

function* references(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$ref') yield inner as string;
    else yield* references(inner);
  }
}

const target = (reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);

it('FRM-4: docs/asyncapi.json is what the schemas say', () => {
  const text = `${JSON.stringify(document, null, 1)}\n`;
  if (process.env.VENEERD_WRITE_DOCS) writeFileSync(FILE, text);
  expect(readFileSync(FILE, 'utf8'), 'VENEERD_WRITE_DOCS=1 writes it anew').toBe(text);
});

it('FRM-4: every frame is a message, and every reference leads somewhere', () => {
  for (const name of [...Object.keys(CLIENT_FRAMES), ...Object.keys(SERVER_FRAMES)]) {
    expect(target(`#/components/messages/${name}`), name).toMatchObject({ name });
  }
  const found = [...new Set(references(document))];
  expect(found.length).toBeGreaterThan(60);
  for (const reference of found) expect(target(reference), reference).toBeDefined();
});
