/** A module by name. */
import { type ModuleJson, moduleJson } from '../../../../protocol/view/json.ts';
import type { View } from '../../../../protocol/view/types.ts';

export function moduleQuery({ modules }: View, name: string): ModuleJson | null {
  const module = modules.get(name);
  return module === undefined ? null : moduleJson(module);
}
