/** Sizes, counts, shares and distances as people read them. */
export { count, counted, share } from '../../../protocol/count.ts';
export { bytes, distance } from '../../../protocol/size.ts';
