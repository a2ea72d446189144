/** What a running kernel showed of itself; null of a simulated one. */
import type { HostView } from '../../../../protocol/view/host.ts';
import type { View } from '../../../../protocol/view/types.ts';

export function hostQuery({ host }: View, _nothing: null): HostView['facts'] | null {
  return host?.facts ?? null;
}
