import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { mergeSessions } from '../../daemon/headless/session/merge.ts';
import { surveySession } from '../../daemon/headless/session/survey.ts';
import { COMMAND_SCHEMAS } from '../../protocol/commands.ts';
import type { Commit } from '../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../protocol/commit-version.ts';
import { EVENT_SCHEMAS } from '../../protocol/events/index.ts';
import {
  SessionFooterSchema,
  SessionHeaderSchema,
  SessionProfileSchema,
  sessionProfile,
} from '../../protocol/session.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { made, readText } from './make.ts';

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const fixture = (name: string): string => path(`test/fixtures/protocol/${name}.veneer.jsonl`);
const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'veneerd-format-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

it('SES-21: the example of docs/session-format.md is whole', async () => {
  const doc = await readFile(path('docs/session-format.md'), 'utf8');
  const example = /```jsonl\n([\s\S]*?)```/.exec(doc)?.[1] ?? '';
  await inFolder(async (folder) => {
    const file = join(folder, 'example.veneer.jsonl');
    await writeFile(file, example);
    expect(await surveySession(file)).toMatchObject({ state: 'whole', commits: 3, failures: 1 });
  });
});

it('SES-1: docs/session-format.md names every field, command and event', async () => {
  const doc = await readFile(path('docs/session-format.md'), 'utf8');
  const fields = [SessionHeaderSchema, SessionFooterSchema, SessionProfileSchema].flatMap((schema) =>
    Object.keys(schema.properties),
  );
  const names = [...fields, ...Object.keys(COMMAND_SCHEMAS), ...Object.keys(EVENT_SCHEMAS)];
  expect(names.filter((name) => !new RegExp(`[\`"]${name}[\`"]`).test(doc))).toEqual([]);
});

it('SES-1: a header says of a running kernel what that showed', () => {
  const commit: Commit = {
    v: COMMIT_VERSION,
    number: 1,
    time: 1,
    id: 'host',
    command: { type: 'observe', what: 'host' },
    events: [{ type: 'HostObserved', release: '6.1.0-50-arm64', arch: 'arm64', timeBase: '1970', lost: [], notes: [] }],
  };
  expect(sessionProfile(fold(emptyView(), commit))).toEqual({ host: true, release: '6.1.0-50-arm64', arch: 'arm64' });
});

it('EVT-10: what version 1 wrote is whole and joins', async () => {
  expect(await surveySession(fixture('session-v1'))).toMatchObject({ state: 'whole', commits: 11 });
  const described = await surveySession(fixture('session-v1-described'));
  expect(described).toMatchObject({
    state: 'whole',
    digestChecked: true,
    header: { epoch: 'k3x7m2pq', by: 'veneerd 0.1.0', profile: { release: '6.1.0-fixture', arch: 'arm64' } },
  });
  const segment = await surveySession(fixture('session-v1-segment'));
  expect(segment).toMatchObject({ state: 'whole', range: [5, 8], digest: described.digest, digestChecked: false });
  await inFolder(async (folder) => {
    const file = join(folder, 'joined.veneer.jsonl');
    await made(file, (out) => mergeSessions([fixture('session-v1-segment'), fixture('session-v1-described')], out));
    const body = (text: string): string => text.slice(text.indexOf('\n'));
    expect(body(await readText(file))).toBe(body(await readText(fixture('session-v1-described'))));
  });
});
