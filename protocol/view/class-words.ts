/** Static-call sites by class, in the words and shares that every client says. */
import { count, share } from '../count.ts';
import { CLASSES, type Classes } from './static-call.ts';

/** Sites that call something. */
export const calling = ({ direct, veneer, veneers, trapped }: Classes): number => direct + veneer + veneers + trapped;

/** The share of sites that are one relative branch, of those that call something. */
export const directShare = (classes: Classes): string => share(classes.direct, calling(classes));

/** `12 direct, 3 veneer`; `–` where there is no site. */
export function classWords(classes: Classes): string {
  const words = CLASSES.filter((kind) => classes[kind] > 0).map((kind) => `${count(classes[kind])} ${kind}`);
  return words.length === 0 ? '–' : words.join(', ');
}
