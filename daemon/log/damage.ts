/** One damaged machine must not hide the others: what is wrong with some, beside those that are whole. */
import { StoreError } from './errors.ts';
import type { DamagedMachine, MachineHead, MachineList } from './log.ts';

/** What `read` gives, or the damage that it meets. Other errors are thrown on. */
export function orDamaged<T>(name: string, read: () => T): T | DamagedMachine {
  try {
    return read();
  } catch (error) {
    return asDamaged(name, error);
  }
}

export function asDamaged(name: string, error: unknown): DamagedMachine {
  if (error instanceof StoreError && (error.code === 'store-corrupt' || error.code === 'store-newer')) {
    return { name, message: error.message };
  }
  throw error;
}

export function listOf(found: readonly (MachineHead | DamagedMachine | undefined)[]): MachineList {
  const machines: MachineHead[] = [];
  const damaged: DamagedMachine[] = [];
  for (const one of found) {
    if (one === undefined) continue;
    if ('message' in one) damaged.push(one);
    else machines.push(one);
  }
  return { machines: machines.sort(byName), damaged: damaged.sort(byName) };
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
