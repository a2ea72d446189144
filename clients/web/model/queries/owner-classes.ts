/** The static calls of one module, by class. */
import { CLASSES, callClasses } from '../../../../protocol/view/static-call.ts';
import type { View } from '../../../../protocol/view/types.ts';

/** In the order of CLASSES. */
export function ownerClassesQuery({ staticCalls }: View, owner: string): readonly number[] {
  const classes = callClasses(staticCalls, owner);
  return CLASSES.map((name) => classes[name]);
}
