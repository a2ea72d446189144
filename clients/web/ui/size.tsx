/** A size in binary units; the exact bytes on hover. */
import { count } from '../../../protocol/count.ts';
import { bytes } from '../../../protocol/size.ts';

export function Size({ size }: { readonly size: number }) {
  return (
    <span class="number" title={`${count(size)} bytes`}>
      {bytes(size)}
    </span>
  );
}
