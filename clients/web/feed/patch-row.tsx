/** A patch: where, what stood there and what does now, how far, why, and how it was written. */
import { useComputed } from '@preact/signals';
import { fromHex } from '../../../protocol/address.ts';
import type { PatchRow as Patch } from '../model/feed/form.ts';
import { hover, scene, selection } from '../state/app.ts';
import { Address } from '../ui/address.tsx';
import { AtomicityMark } from '../ui/atomicity.tsx';
import { ClassMark } from '../ui/class-mark.tsx';
import { lights } from '../ui/lights.ts';
import { Reach } from '../ui/reach.tsx';
import { choosePatch, isChosen } from './numbers.ts';
import { Side } from './side.tsx';

export interface PatchRowProps {
  readonly row: Patch;
  readonly epoch: string;
}

export function PatchRow({ row, epoch }: PatchRowProps) {
  const { event } = row;
  const { what, key, owner, distance, reason, atomicity } = event;
  const arch = useComputed(() => scene.value?.summary.machine?.arch ?? 'arm64').value;
  const address = fromHex(event.address);
  const chosen = isChosen(row, epoch);
  const lit = isLit(address, key, owner);
  const on = lights({ kind: 'address', address });
  return (
    <div class="patch-row" data-lit={lit} data-chosen={chosen} {...on}>
      <button
        type="button"
        class="patch-choose"
        aria-label={`Inspect the patch of the ${what} at ${event.address}, ${owner}, key ${key}`}
        aria-pressed={chosen}
        onClick={() => void choosePatch(row, epoch)}
        onFocus={on.onFocus}
        onBlur={on.onBlur}
      />
      <p class="patch-where">
        <ClassMark name={event.class} />
        <Address address={address} />
        {what !== 'site' && <span class="tag">{what}</span>}
        <span class="mono clip" title={owner}>
          {owner}
        </span>
        <span class="mono dim clip" title={key}>
          {key}
        </span>
        <span class="grow" />
        <AtomicityMark name={atomicity} />
      </p>
      <div class="patch-code">
        <Side arch={arch} event={event} which={0} />
        <span class="arrow" aria-hidden="true">
          →
        </span>
        <Side arch={arch} event={event} which={1} />
      </div>
      <p class="patch-why">
        {distance !== null && <Reach arch={arch} distance={distance} />}
        <span class="dim clip" title={reason}>
          {reason}
        </span>
      </p>
    </div>
  );
}

/** What is lit elsewhere lights its patches here. */
function isLit(address: number, key: string, owner: string): boolean {
  return [hover.value, selection.value].some((one) => {
    switch (one?.kind) {
      case 'address':
        return one.address === address;
      case 'key':
        return one.name === key;
      case 'module':
        return one.name === owner;
      default:
        return false;
    }
  });
}
