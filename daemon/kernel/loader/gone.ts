/** The end of a module that was COMING: its memory is freed, and what lived there goes with it (`free_module`). */
import { dropKeys } from '../static-call/module.ts';
import { type Draft, emit } from './draft.ts';
import { freeAreas, freeingOrder } from './place.ts';

export function goneModule(draft: Draft, module: string): void {
  if (draft.state.staticCalls) dropKeys(draft, module);
  const areas = draft.state.modules.get(module)?.areas ?? [];
  freeAreas(draft, module, freeingOrder(areas), false);
  emit(draft, { type: 'ModuleGone', module });
}
