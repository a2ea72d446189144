/** A site: where it is, what its call is like, how far key.func is. */

import { SITE_INIT, SITE_TAIL } from '../../../protocol/site-flags.ts';
import type { Arch } from '../asm/types.ts';
import type { SiteLine } from '../model/queries/key-rows.ts';
import { hover, selection } from '../state/app.ts';
import { Address } from '../ui/address.tsx';
import { ClassMark } from '../ui/class-mark.tsx';
import { Reach } from '../ui/reach.tsx';

export interface SiteRowProps {
  readonly line: SiteLine;
  readonly arch: Arch;
}

export function SiteRow({ line, arch }: SiteRowProps) {
  const { address, flags, bytes, hops, distance } = line;
  const is = (what: typeof selection.value): boolean => what?.kind === 'address' && what.address === address;
  const gone = bytes === null;
  return (
    <div class="site-row" data-row={line.id} data-lit={is(hover.value)} data-chosen={is(selection.value)}>
      <ClassMark name={line.class} />
      <Address address={address} />
      <Flag is={(flags & SITE_TAIL) !== 0} name="TAIL" explained="the last thing its function does: a jump, no call" />
      <Flag
        is={(flags & SITE_INIT) !== 0}
        name="INIT"
        explained="in init text, which is freed once the module is LIVE"
      />
      {gone ? (
        <span class="dim">its text is gone</span>
      ) : (
        <>
          <code class="dim">{bytes}</code>
          <span class="number dim" title="branches taken until the call arrives, itself included">
            {hops} {hops === 1 ? 'hop' : 'hops'}
          </span>
          {distance !== null && <Reach arch={arch} distance={distance} short />}
        </>
      )}
    </div>
  );
}

interface FlagProps {
  readonly is: boolean;
  readonly name: string;
  readonly explained: string;
}

function Flag({ is, name, explained }: FlagProps) {
  return is ? (
    <span class="tag" title={explained}>
      {name}
    </span>
  ) : null;
}
