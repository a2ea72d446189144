/** The modules that are there, by name: what a person can unload. */
import type { ModuleState, View } from '../../../../protocol/view/types.ts';

export interface LoadedModule {
  readonly name: string;
  readonly state: ModuleState;
  readonly usedBy: readonly string[];
}

export function loadedQuery({ modules }: View, _argument: null): readonly LoadedModule[] {
  const all = [...modules.values()].map(({ name, state, usedBy }) => ({ name, state, usedBy: [...usedBy] }));
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}
