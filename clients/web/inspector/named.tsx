/** An address with what it is called. */
import { Address } from '../ui/address.tsx';
import { symbolAt } from '../ui/symbols.ts';

export function Named({ address }: { readonly address: number }) {
  if (address === 0) return <span class="dim">NULL</span>;
  return (
    <>
      <Address address={address} /> <span class="mono symbol">{symbolAt(address) ?? ''}</span>
    </>
  );
}
