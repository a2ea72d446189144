/** A machine of about a hundred thousand static-call sites: what Debian's modules call most are static calls here. */
import { inventedSymbol, PRESETS } from '../../../daemon/kernel/machine/presets.ts';
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { CommandOf } from '../../../protocol/commands.ts';
import type { KeyProfile } from '../../../protocol/profile.ts';

const PRESET = 'arm64-6.1';

const CALLED = [
  'kfree',
  'mutex_unlock',
  'mutex_lock',
  'kmalloc_trace',
  'seq_printf',
  'msleep',
  'nla_put',
  '__kmalloc',
  'snprintf',
  'regmap_write',
  '__cond_resched',
  'usleep_range_state',
  'kfree_skb_reason',
  'queue_work_on',
  '__mutex_init',
  'regmap_update_bits_base',
  '__wake_up',
  'up_write',
  'devm_kmalloc',
  'dma_free_attrs',
  'input_event',
  'clk_unprepare',
  'clk_prepare',
  'clk_enable',
  'clk_disable',
  'schedule',
  'down_write',
  'kvfree',
  'consume_skb',
  'netif_rx',
];

/** Of arm64-6.1, with inline-defuse: every call that is found is patched. */
export function busyMachine(): Omit<CommandOf<'boot'>, 'type'> {
  const preset = PRESETS.get(PRESET);
  if (preset === undefined) throw new Error(`no preset ${PRESET}`);
  const { etext, end } = preset.kernel;
  const keys = CALLED.map((name, i): [string, KeyProfile] => [
    name,
    {
      symbol: name,
      func: toHex(inventedSymbol(preset, name)),
      tramp: toHex(fromHex(etext) - 0x10000 + 16 * i),
      address: toHex(fromHex(end) - 0x20000 + 32 * i),
      literal: toHex(fromHex(end) - 0x10000 + 8 * i),
    },
  ]);
  return {
    preset: PRESET,
    profile: { staticCall: 'inline-defuse', staticCalls: { keys: Object.fromEntries(keys) } },
  };
}
