/** The client: commands and feeds over the WebSocket, everything else over HTTP. */
import type { Command } from '../../protocol/commands.ts';
import type { LoadedFile } from '../../protocol/fork.ts';
import type {
  DamagedSummary,
  Done,
  Imported,
  MachineSummary,
  StoredBlob,
  Ticket,
  ViewAnswer,
} from '../../protocol/frames.ts';
import type { DisassemblyAnswer, TraceAnswer, WhyAnswer } from '../../protocol/inspect.ts';
import type { BookmarksAnswer, LocatedAnswer } from '../../protocol/position.ts';
import type { PresetAnswer } from '../../protocol/presets.ts';
import type { SnapshotsAnswer } from '../../protocol/snapshots.ts';
import type { DiffAnswer } from '../../protocol/view/diff-form.ts';
import type { ModuleAnswer } from '../../protocol/view/json.ts';
import type { TimelineAnswer } from '../../protocol/view/timeline.ts';
import { SOCKET_PATH } from '../../protocol/wire.ts';
import { type Connection, openConnection } from './connection.ts';
import { openCommits, openFollow } from './feed.ts';
import { compare, fork } from './fork.ts';
import { chunksOf, type Http, openHttp } from './http.ts';
import { openReplay } from './replay.ts';
import { verifySnapshots } from './snapshots.ts';
import type { Client, CommandOptions, ConnectOptions, MachineHandle, SocketConstructor } from './types.ts';

const PATIENCE = 30_000;

/** A client of the daemon at `url`. It connects when first used; `close` it when done. */
export function connect(url: string, options: ConnectOptions = {}): Client {
  const base = httpUrl(url);
  const Socket = options.WebSocket ?? (globalThis as { WebSocket?: SocketConstructor }).WebSocket;
  if (Socket === undefined) throw new TypeError('no WebSocket here: pass one, or connect through clients/sdk/node.ts');
  const http = openHttp(base, options.fetch ?? fetch, options.token);
  const socketUrl = `${base.replace(/^http/, 'ws')}${SOCKET_PATH}`;
  const address = async (): Promise<string> => {
    if (options.token === undefined) return socketUrl;
    const { ticket } = await http.json<Ticket>('POST', '/tickets');
    return `${socketUrl}?ticket=${encodeURIComponent(ticket)}`;
  };
  const connection = openConnection(socketUrl, address, Socket, options.patience ?? PATIENCE);
  return {
    url: base,
    state: connection.state,
    machines: () => http.json<(MachineSummary | DamagedSummary)[]>('GET', '/machines'),
    presets: () => http.json<PresetAnswer[]>('GET', '/presets'),
    boot: (name, profile = {}, commandOptions) => send(connection, name, { type: 'boot', ...profile }, commandOptions),
    machine: (name) => machineHandle(connection, http, name),
    upload: (content, fileName) =>
      http.json<StoredBlob>('POST', `/blobs?name=${encodeURIComponent(fileName)}`, {
        type: 'application/octet-stream',
        content,
      }),
    hasBlob: (sha256) => http.exists(`/blobs/${encodeURIComponent(sha256)}`),
    importSession: (name, content) =>
      http.json<Imported>('POST', `${pathOf(name)}/session`, { type: 'application/x-ndjson', content }),
    close: () => connection.close(),
  };
}

function machineHandle(connection: Connection, http: Http, name: string): MachineHandle {
  const path = pathOf(name);
  return {
    name,
    summary: () => http.json<MachineSummary>('GET', path),
    command: (command, options) => send(connection, name, command, options),
    commits: ({ from = 'start', filter } = {}) => openCommits(connection, name, from, filter),
    follow: ({ from = 'now', filter } = {}) => openFollow(connection, name, from, filter),
    replay: (options) => openReplay(connection, name, options),
    view: (at) => http.json<ViewAnswer>('GET', `${path}/view${query({ ...at })}`),
    module: (module, at) =>
      http.json<ModuleAnswer>('GET', `${path}/modules/${encodeURIComponent(module)}${query({ ...at })}`),
    timeline: (options) => http.json<TimelineAnswer>('GET', `${path}/timeline${query({ ...options })}`),
    locate: (at) => http.json<LocatedAnswer>('GET', `${path}/position${query({ ...at })}`),
    bookmarks: () => http.json<BookmarksAnswer>('GET', `${path}/bookmarks`),
    snapshots: () => http.json<SnapshotsAnswer>('GET', `${path}/snapshots`),
    verifySnapshots: () => verifySnapshots(http, path),
    diff: (from, to) => http.json<DiffAnswer>('GET', `${path}/diff${query({ from, to })}`),
    why: (address, at) => http.json<WhyAnswer>('GET', `${path}/why${query({ address, ...at })}`),
    trace: (address, at) => http.json<TraceAnswer>('GET', `${path}/trace${query({ address, ...at })}`),
    disassembly: (address, options) =>
      http.json<DisassemblyAnswer>('GET', `${path}/disassembly${query({ address, ...options })}`),
    fork: (body, onProgress = () => {}) => fork(http, path, body, onProgress),
    files: (at) => http.json<LoadedFile[]>('GET', `${path}/files${query({ ...at })}`),
    compare: (other, options) => compare(http, `${path}/compare${query({ with: other, ...options })}`),
    append: (expected, commits) =>
      http.json<Imported>(
        'POST',
        `${path}/commits${expected === null ? '' : `?epoch=${expected.epoch}&after=${expected.commit}`}`,
        { type: 'application/x-ndjson', content: commits.map((commit) => `${JSON.stringify(commit)}\n`).join('') },
      ),
    exportSession: async () => chunksOf(await http.call('GET', `${path}/session`)),
    remove: async () => {
      await http.call('DELETE', path);
    },
  };
}

function query(fields: Readonly<Record<string, string | number | true | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) given.set(name, String(value));
  const text = String(given);
  return text === '' ? '' : `?${text}`;
}

const pathOf = (machine: string): string => `/machines/${encodeURIComponent(machine)}`;

async function send(
  connection: Connection,
  machine: string,
  command: Command,
  { id = newId(), expected }: CommandOptions = {},
): Promise<Done> {
  const text = JSON.stringify({ type: 'command', id, machine, command, expected });
  const { position, repeated, commit } = await connection.command(machine, id, text);
  return { position, repeated, commit };
}

/** A browser has crypto.randomUUID for pages that it trusts alone: not for one from another machine without TLS. */
function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function httpUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url.replace(/^ws/, 'http'));
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`not a daemon's address: ${url}`);
  return `${protocol}//${host}${pathname.replace(/\/$/, '')}`;
}
