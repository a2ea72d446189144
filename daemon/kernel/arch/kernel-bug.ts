/**
 * What the kernel would not survive: BUG(). A broken invariant, so it is thrown and not answered; the message has the kernel's
 * words, the address and the bytes. Only a corrupt module or profile leads here.
 */
export class KernelBug extends Error {
  override readonly name = 'KernelBug';
}
