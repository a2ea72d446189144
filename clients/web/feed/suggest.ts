/** What could stand where somebody types in the filter box. */

import { CLASSES } from '../../../protocol/view/static-call.ts';
import { ATOMICITIES, TERM_NAMES, type TermName, WHATS } from '../model/feed/terms.ts';

export interface Vocabulary {
  readonly keys: readonly string[];
  readonly modules: readonly string[];
}

export interface Suggestions {
  /** The part of the text that one of them takes the place of. */
  readonly from: number;
  readonly to: number;
  readonly items: readonly string[];
}

const MOST = 8;

/** Of the term that the caret stands in or behind. */
export function suggest(text: string, caret: number, vocabulary: Vocabulary): Suggestions {
  const from = caret - (/\S*$/.exec(text.slice(0, caret))?.[0].length ?? 0);
  const to = caret + (/^\S*/.exec(text.slice(caret))?.[0].length ?? 0);
  const typed = text.slice(from, caret);
  return { from, to, items: itemsFor(typed, vocabulary).filter((item) => item !== text.slice(from, to)) };
}

function itemsFor(typed: string, vocabulary: Vocabulary): readonly string[] {
  if (typed === '' || typed.startsWith('"')) return [];
  const colon = typed.indexOf(':');
  if (colon < 0) {
    const names = TERM_NAMES.filter((name) => name.startsWith(typed)).map((name) => `${name}:`);
    const values = TERM_NAMES.flatMap((name) => matches(name, typed, vocabulary).slice(0, 3));
    return [...names, ...values].slice(0, MOST);
  }
  const name = TERM_NAMES.find((known) => known === typed.slice(0, colon));
  return name === undefined ? [] : matches(name, typed.slice(colon + 1), vocabulary).slice(0, MOST);
}

/** Those that begin with it, then those that have it somewhere. */
function matches(name: TermName, value: string, vocabulary: Vocabulary): readonly string[] {
  const all = valuesOf(name, vocabulary);
  const begins = all.filter((each) => each.startsWith(value));
  const holds = begins.length < MOST ? all.filter((each) => !each.startsWith(value) && each.includes(value)) : [];
  return [...begins, ...holds].slice(0, MOST).map((each) => `${name}:${each}`);
}

function valuesOf(name: TermName, { keys, modules }: Vocabulary): readonly string[] {
  switch (name) {
    case 'key':
      return keys;
    case 'module':
      return modules;
    case 'addr':
      return [];
    case 'class':
      return CLASSES;
    case 'what':
      return WHATS;
    case 'atomicity':
      return ATOMICITIES;
  }
}

/** The text with one of them taken, and where the caret is then: behind it, ready for what comes next. */
export function accept(text: string, { from, to }: Suggestions, item: string): { text: string; caret: number } {
  const after = text.slice(to);
  const gap = item.endsWith(':') || after.startsWith(' ') ? '' : ' ';
  return { text: `${text.slice(0, from)}${item}${gap}${after}`, caret: from + item.length + gap.length };
}
