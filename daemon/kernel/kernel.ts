/**
 * The simulated kernel as a decider: three functions, pure and deterministic. `decide` holds every kernel rule and
 * returns the events of one command; `evolve` applies one event to the state. A state is a value: neither changes it.
 */
import type { Command } from '../../protocol/commands.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { Event } from '../../protocol/events/index.ts';
import { KernelBug } from './arch/kernel-bug.ts';
import { loadModule } from './loader/load.ts';
import { unloadModule } from './loader/unload.ts';
import { bookmark } from './machine/bookmark.ts';
import { boot } from './machine/boot.ts';
import { evolve, initialState, type State } from './state.ts';
import { updateStaticCall } from './static-call/update.ts';

export { evolve, initialState, type State };

/** What a command came to. `events` is never empty; a refusal leaves nothing in the log. */
export type Decision =
  | { readonly ok: true; readonly events: readonly Event[]; readonly state: State }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** Module files and manifests by sha256: whoever calls `decide` has fetched those that the command names. */
export type Blobs = ReadonlyMap<string, Uint8Array>;

/**
 * Decides `command`. Errors that the kernel would return are events; a command that makes no sense here is a refusal, and so
 * is one that the kernel would not survive.
 */
export function decide(state: State, command: Command, blobs: Blobs): Decision {
  try {
    return decideBy(state, command, blobs);
  } catch (error) {
    if (!(error instanceof KernelBug)) throw error;
    const code = command.type === 'load' ? 'bad-module' : 'bad-command';
    return { ok: false, code, message: `kernel BUG: ${error.message}` };
  }
}

function decideBy(state: State, command: Command, blobs: Blobs): Decision {
  switch (command.type) {
    case 'boot':
      return boot(state, command);
    case 'load':
      return loadModule(state, command, blobs);
    case 'unload':
      return unloadModule(state, command);
    case 'update':
      return updateStaticCall(state, command);
    case 'bookmark':
      return bookmark(state, command);
    case 'observe':
      return {
        ok: false,
        code: 'bad-command',
        message: 'observe: what a running kernel showed is recorded, never decided',
      };
  }
}

/** The sha256 of every blob that `decide` needs for `command`. */
export function blobsOf(command: Command): readonly string[] {
  return command.type === 'load' ? [command.blob] : [];
}
