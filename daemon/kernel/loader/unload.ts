/**
 * Unloading a module.
 * Models kernel/module/main.c `delete_module` and `free_module`, v6.1 and v6.12. The kernel prints nothing for most of
 * these errors; the words are those of its comments or of the C library's message.
 */
import type { CommandOf } from '../../../protocol/commands.ts';
import type { KernelError } from '../arch/arch.ts';
import type { Decision } from '../kernel.ts';
import type { State } from '../state.ts';
import { freeNodes } from '../static-call/module.ts';
import { updateAll } from '../static-call/update.ts';
import { type Draft, emit } from './draft.ts';
import { goneModule } from './gone.ts';

export function unloadModule(state: State, command: CommandOf<'unload'>): Decision {
  if (!state.profile) return { ok: false, code: 'no-such-machine', message: 'the machine is not booted' };
  const { module } = command;
  const draft: Draft = { state, events: [] };
  const error = refusal(state, command);
  if (error) {
    emit(draft, { type: 'ModuleUnloadFailed', module, ...error });
  } else {
    emit(draft, { type: 'ModuleGoing', module });
    const nonsense = updateAll(draft, command.exit?.updates, `exit of ${module}`);
    if (nonsense) return { ok: false, ...nonsense };
    if (draft.state.staticCalls) freeNodes(draft, module);
    goneModule(draft, module);
  }
  return { ok: true, events: draft.events, state: draft.state };
}

/** In the order in which delete_module asks. */
function refusal(state: State, { module: name, held }: CommandOf<'unload'>): KernelError | undefined {
  const module = state.modules.get(name);
  if (!module) return { errno: 'ENOENT', words: `Module ${name} is not currently loaded` };
  if (module.users > 0) {
    const by = [...state.modules.values()].filter(({ uses }) => uses.includes(name)).map((user) => user.name);
    return { errno: 'EAGAIN', words: `Module ${name} is in use by: ${by.sort().join(' ')}` };
  }
  if (module.state !== 'LIVE') return { errno: 'EBUSY', words: `${name} already dying` };
  if (module.hasInit && !module.hasExit) {
    return { errno: 'EBUSY', words: `Module ${name} has an init function but no exit function` };
  }
  if (held) return { errno: 'EAGAIN', words: `Module ${name} is in use` };
  return undefined;
}
