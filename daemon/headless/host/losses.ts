/** What a missing or hidden reading costs: said in the session and to the person who records. */
import type { HostLoss } from '../../../protocol/events/host.ts';

const COSTS: Readonly<Record<string, string>> = {
  '/proc/version': 'the kernel and its version: which layout rules apply',
  '/proc/cmdline': 'boot parameters: whether KASLR was asked for',
  '/proc/modules': 'which modules are loaded, in which order, where and how large',
  '/proc/kallsyms': "the kernel image's place, its exports, and symbols to check sections by",
  '/proc/vmallocinfo': "each module's areas with their guards, and who else holds room in the windows",
  '/proc/cpuinfo': 'architecture and CPU: whether the workaround for erratum 843419 is active',
  '/proc/iomem': 'where the kernel image ends, unless /proc/kallsyms says it',
  '/proc/uptime': 'the time of this moment',
  '/sys/module': 'sections, sizes, taints and holders of the modules',
};

export function loss(what: string, why: string, lost = COSTS[what] ?? what): HostLoss {
  return { what, why, lost };
}

export const HIDDEN = 'every address is 0: hidden from this user (root, and kernel.kptr_restrict 0 or 1, sees them)';
export const HASHED =
  'addresses are hashed: root sees them with kernel.kptr_restrict=1, or on a kernel booted with no_hash_pointers';
