/** A size in binary units; the exact bytes on hover. */
import { bytes } from '../../../protocol/size.ts';

export function Size({ size }: { readonly size: number }) {
  return (
    <span class="number" title={`${size.toLocaleString('en')} bytes`}>
      {bytes(size)}
    </span>
  );
}
