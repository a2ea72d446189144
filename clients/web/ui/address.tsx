/** An address: the digits that all addresses nearby share are dim, the others bright. A click copies, and chooses it where asked. */
import { toHex } from '../../../protocol/address.ts';
import { select } from '../state/app.ts';
import { copy } from './copy.ts';
import { lights } from './lights.ts';

/** Digits after 0x that addresses of one kernel share: their distance is below 4 GiB. */
const SHARED = 8;

export interface AddressProps {
  readonly address: number;
  /** What a click does: the address goes to the clipboard, or into the inspector. */
  readonly click?: 'copy' | 'select';
}

export function Address({ address, click = 'select' }: AddressProps) {
  const hex = toHex(address);
  const digits = hex.slice(2);
  const act = click === 'copy' ? () => copy(hex) : () => select({ kind: 'address', address });
  const on = lights({ kind: 'address', address });
  return (
    <button
      type="button"
      class="address"
      title={click === 'copy' ? `Copy ${hex}` : `Inspect ${hex}`}
      onClick={act}
      {...on}
    >
      <span class="dim">{groups(digits.slice(0, SHARED))}</span>
      <span>{groups(digits.slice(SHARED))}</span>
    </button>
  );
}

/** Groups of four, apart by style alone: what is copied has no blanks. */
function groups(digits: string) {
  return (digits.match(/.{1,4}/g) ?? []).map((group, index) => (
    <span class="group" key={`${index}${group}`}>
      {group}
    </span>
  ));
}
