/**
 * The keys in Redis. All keys of a machine have its name as hash tag, so that they share a slot of a cluster, and what
 * an epoch owns has the epoch in its key, so that nothing of a removed machine is taken for its successor's.
 *
 *   veneerd:form                             string  1: the form of all this
 *   veneerd:machines                         hash    name -> epoch; may name machines that are gone, never misses one
 *   veneerd:{name}:machine                   hash    form (1), epoch, first, head, boot (the id of commit 1)
 *   veneerd:{name}:<epoch>:commits           stream  <number>-0 -> id, text
 *   veneerd:{name}:<epoch>:ids               hash    command id -> number
 *   veneerd:{name}:<epoch>:snapshots         hash    number -> bytes
 *   veneerd:{name}:<epoch>:snapshot-numbers  zset    number, by number
 *   veneerd:check:<n>                        string  the trial writes of EventLog.check, for a minute
 *   veneerd:blob:<sha256>                    string  bytes
 *   veneerd:{…}:fence                        string  the small write that replicas are asked for, for a minute
 *
 * A machine's key is also the name of the channel on which its changes are published.
 */

export const FORM = 'veneerd:form';
export const REGISTRY = 'veneerd:machines';
/** No more than 2042 slots apart, so that up to eight masters with as many slots each are all asked. */
export const CHECKS: readonly string[] = Array.from({ length: 16 }, (_, n) => `veneerd:check:${n}`);

export type MachineKeys = {
  readonly machine: string;
  readonly commits: string;
  readonly ids: string;
  readonly snapshots: string;
  readonly snapshotNumbers: string;
};

export function machineKey(name: string): string {
  return `veneerd:{${name}}:machine`;
}

export function keysOf(name: string, epoch: string): MachineKeys {
  const prefix = `veneerd:{${name}}:${epoch}:`;
  return {
    machine: machineKey(name),
    commits: `${prefix}commits`,
    ids: `${prefix}ids`,
    snapshots: `${prefix}snapshots`,
    snapshotNumbers: `${prefix}snapshot-numbers`,
  };
}

export function blobKey(sha256: string): string {
  return `veneerd:blob:${sha256}`;
}

/** In the slot of a key. */
export function fenceKey(key: string): string {
  return `veneerd:{${/\{([^{}]+)\}/.exec(key)?.[1] ?? key}}:fence`;
}

/** What a key holds, as TYPE says it. */
export function typeOfKey(key: string): string {
  if (key.startsWith('veneerd:blob:') || key.startsWith('veneerd:check:') || key.endsWith(':fence')) return 'string';
  if (key.endsWith(':commits')) return 'stream';
  return key.endsWith(':snapshot-numbers') ? 'zset' : 'hash';
}
