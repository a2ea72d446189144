/**
 * Where Redis is, as people write it: one server, `redis://user:password@host:6379/0`, or some nodes of a cluster,
 * `redis-cluster://user:password@host1:6379,host2:6379`; `rediss` and `rediss-cluster` with TLS. What is not needed may be
 * left out. Characters that mean something in an address are percent-encoded in a name or password.
 */
import { StoreError } from './errors.ts';

export type RedisNode = { readonly host: string; readonly port: number };

export type RedisAddress = {
  readonly cluster: boolean;
  readonly tls: boolean;
  /** One server, or at least one node of the cluster: it knows the others. */
  readonly nodes: readonly RedisNode[];
  readonly username?: string;
  readonly password?: string;
  /** Number of the database; a cluster has only 0. */
  readonly db: number;
  /** For messages: without name and password. */
  readonly shown: string;
};

const FORM = /^(redis|rediss)(-cluster)?:\/\/(?:([^@/]*)@)?([^@/?#]+)(?:\/(\d{0,4}))?$/;
const PORT = 6379;

/** @throws StoreError `invalid-argument`, which says what was expected and never repeats a password. */
export function parseRedisAddress(text: string): RedisAddress {
  const [, scheme, cluster, credentials = '', hosts = '', db = ''] = FORM.exec(text) ?? [];
  if (scheme === undefined) {
    throw wrong('expected redis://HOST:PORT, or redis-cluster://HOST:PORT,HOST:PORT,…; rediss… with TLS');
  }
  const nodes = hosts.split(',').map(parseNode);
  if (cluster === undefined && nodes.length > 1) {
    throw wrong(`${nodes.length} servers: for the nodes of a cluster write ${scheme}-cluster://`);
  }
  if (cluster !== undefined && Number(db) !== 0) throw wrong(`a cluster has no database ${db}, only 0`);
  const [username, password] = parseCredentials(credentials);
  return {
    cluster: cluster !== undefined,
    tls: scheme === 'rediss',
    nodes,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    db: Number(db),
    shown: `${cluster === undefined ? 'Redis' : 'the Redis cluster'} at ${hosts}`,
  };
}

/** The text is not repeated: a password in the wrong place is one still. */
function parseNode(text: string, at: number): RedisNode {
  const [, bracketed, plain, port] = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = Number(port ?? PORT);
  if (host === undefined || number < 1 || number > 65_535) throw wrong(`server ${at + 1}: expected HOST or HOST:PORT`);
  return { host, port: number };
}

function parseCredentials(text: string): readonly [username: string, password: string] {
  const at = text.indexOf(':');
  const [username, password] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  try {
    return [decodeURIComponent(username), decodeURIComponent(password)];
  } catch {
    throw wrong('the name or password: expected percent-encoded text, %25 for a %');
  }
}

const wrong = (what: string): StoreError => new StoreError('invalid-argument', `the address of Redis: ${what}`);
