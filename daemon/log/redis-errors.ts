/** What Redis and its client say when something goes wrong, in words for people: what it is and what helps. */
import { ReplyError } from 'ioredis';
import { corrupt, messageOf, otherForm, StoreError } from './errors.ts';
import { typeOfKey } from './redis-keys.ts';

/** Codes of replies that say nothing of what is stored, only that it can't be served now. */
const REFUSALS: Readonly<Record<string, string>> = {
  OOM: 'is out of memory: raise its maxmemory, or trim logs',
  READONLY: 'is a replica that takes no writes: name the primary, or wait for the failover',
  LOADING: 'is loading its data: wait until it has',
  MASTERDOWN: 'is a replica without its primary: wait for the failover',
  MISCONF: "can't write its data to disk: make room there and read its log",
  NOREPLICAS: 'has fewer replicas than its min-replicas-to-write: start them',
  CLUSTERDOWN: 'misses nodes for some of its slots: start them, or fail over',
  TRYAGAIN: 'moves what was asked for to another node: wait until it has',
  ASK: 'moves what was asked for to another node: wait until it has',
  NOAUTH: 'wants a name or password: put them into its address',
  WRONGPASS: 'does not know this name and password',
  NOPERM: 'does not allow this to its user: ~veneerd:* &veneerd:* +@all -@admin +config|get is enough',
  BUSY: 'is held up by a script: SCRIPT KILL ends it',
};
const REFUSAL = new RegExp(`(?:^|[\\s-])(${Object.keys(REFUSALS).join('|')})\\s`);

/** A call that ends without an answer leaves it open whether it was done. */
export function isTimeout(error: unknown): boolean {
  return /timed out|Socket timeout/.test(messageOf(error));
}

/** What failed: `where` is the server as messages name it, `trouble` the last thing that its connection met. */
export type Failing = {
  readonly where: string;
  readonly trouble: string | undefined;
  /** The type of a key, as TYPE says it. */
  typeOf(key: string): Promise<string>;
};

/** Makes a StoreError of what the client throws. */
export async function storeError(failing: Failing, keys: readonly string[], error: unknown): Promise<StoreError> {
  if (error instanceof StoreError) return error;
  const message = messageOf(error);
  const refused = refusal(failing.where, message);
  if (refused !== undefined) return unavailable(refused, error);
  if (isTimeout(error)) {
    return unavailable(`${failing.where} does not answer; a write may be done: repeat it with the same id`, error);
  }
  if (!(error instanceof ReplyError)) return unavailable(away(failing, message), error);
  const form = /^FORM (.*)$/.exec(message)?.[1];
  if (form !== undefined) return otherForm(keys[0] ?? '', form);
  if (message.includes('WRONGTYPE'))
    return (await wrongType(failing, keys)) ?? corrupt(keys.join(', '), 'other types', message);
  if (/ID specified in X(ADD|SETID)|no such key/.test(message)) {
    const stream = keys.find((key) => typeOfKey(key) === 'stream') ?? keys.join(', ');
    return corrupt(stream, 'the head of the machine as last entry', `another one (${message})`);
  }
  // A script stumbles over what is not as it wrote it, and says in which line.
  if (/^ERR .*(user_script|script: [0-9a-f]{40})/.test(message)) {
    return corrupt(keys.join(', '), 'what this program writes there', message);
  }
  return unavailable(`${failing.where} refuses: ${message}`, error);
}

/** How the client words it. */
const NO_CONNECTION = /^(Connection is closed|Stream isn't writeable|None of startup nodes)/;

/** Why there is no connection. */
export function away({ where, trouble }: Pick<Failing, 'where' | 'trouble'>, message: string): string {
  const cause = trouble ?? message;
  return refusal(where, cause) ?? `${where} is away: ${NO_CONNECTION.test(cause) ? 'no connection' : cause}`;
}

function refusal(where: string, message: string): string | undefined {
  // Inside a script a missing right has other words and no code.
  const code = message.includes('The user executing the script') ? 'NOPERM' : REFUSAL.exec(`${message} `)?.[1];
  return code === undefined ? undefined : `${where} ${REFUSALS[code]} (${message})`;
}

async function wrongType(failing: Failing, keys: readonly string[]): Promise<StoreError | undefined> {
  for (const key of keys) {
    const type = await failing.typeOf(key).catch(() => 'none');
    if (type !== 'none' && type !== typeOfKey(key)) return corrupt(key, `a ${typeOfKey(key)}`, `a ${type}`);
  }
  return undefined;
}

const unavailable = (message: string, cause: unknown): StoreError =>
  new StoreError('store-unavailable', message, cause);
