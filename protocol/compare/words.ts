/** What differs between what a command came to in two machines, in words that every client says. */
import { count } from '../count.ts';
import { bytes } from '../size.ts';
import { classWords, directShare } from '../view/class-words.ts';
import { CLASSES } from '../view/static-call.ts';
import type { Came } from './effect.ts';
import type { CompareSummary, Difference, Meant, Side } from './form.ts';

/** Patches that a command shows, and characters of a field of the machine. */
const PATCHES_SHOWN = 3;
const FIELD_SHOWN = 60;

export const sideWords = ({ type, what }: Side): string => (what === '' ? type : `${type} ${what}`);

/** The number that both have, or both numbers. */
export function sideNumbers(a: Side | null, b: Side | null): string {
  if (a && b && a.number === b.number) return `${a.number}`;
  return `${a?.number ?? '–'}/${b?.number ?? '–'}`;
}

/** The figures of both machines beside each other: name, in a, in b. What belongs to the row before it is indented. */
export function figureRows({
  commands,
  figures: [a, b],
}: CompareSummary): readonly (readonly [string, string, string])[] {
  return [
    ['commands', count(commands[0]), count(commands[1])],
    ['loaded', count(a.loaded), count(b.loaded)],
    ['refused by the kernel', count(a.failed), count(b.failed)],
    ['made no sense', count(a.refused), count(b.refused)],
    ['veneers (PLT entries)', count(a.plt), count(b.plt)],
    ['patches', count(a.patches), count(b.patches)],
    ['  of them not one word', count(a.stopMachine + a.int3), count(b.stopMachine + b.int3)],
    ...CLASSES.map((kind) => [`calls, ${kind}`, count(a.classes[kind]), count(b.classes[kind])] as const),
    ['direct', directShare(a.classes), directShare(b.classes)],
  ];
}

/** One line or more; where a line belongs to the one before it, it is indented. */
export function differenceWords(difference: Difference): readonly string[] {
  switch (difference.what) {
    case 'command':
      return [`asked ${difference.pair.join(' -> ')}`];
    case 'outcome':
      return [`came to ${difference.pair.map(cameWords).join(' -> ')}`];
    case 'machine':
      return difference.fields.map(([field, a, b]) => `${field} ${clipped(a)} -> ${clipped(b)}`);
    case 'placed':
      return difference.parts.map(([part, a, b]) => {
        if (!a || !b) return `${part} ${a ? `${bytes(a.size)} in a` : `${bytes(b?.size ?? 0)} in b`} only`;
        const size = a.size === b.size ? '' : `, ${bytes(a.size)} -> ${bytes(b.size)}`;
        const window = a.window === b.window ? '' : `, ${a.window} -> ${b.window} window`;
        return `${part} ${a.address} -> ${b.address}${size}${window}`;
      });
    case 'branches': {
      const [a, b] = difference.pair;
      return [`branches direct ${arrow(a.direct, b.direct)}, by veneer ${arrow(a.veneer, b.veneer)}`];
    }
    case 'plt': {
      const [a, b] = difference.pair;
      return [`PLT reserved ${arrow(a.reserved, b.reserved)}, used ${arrow(a.used, b.used)}`];
    }
    case 'veneers':
      return [`veneers written ${arrow(...difference.pair)}`];
    case 'calls':
      return [`calls ${difference.pair.map(classWords).join(' -> ')}`];
    case 'funcs':
      return difference.keys.map(meantLine);
    case 'patches': {
      const { same, differ, first } = difference;
      const shown = first.slice(0, PATCHES_SHOWN);
      const more = differ - shown.length;
      return [
        `patches: ${count(same)} the same, ${count(differ)} not`,
        ...shown.map((each) => `  ${meantLine(each)}`),
        ...(more > 0 ? [`  … and ${count(more)} more`] : []),
      ];
    }
    case 'events':
      return difference.types.map(([type, a, b]) => `${type} ${arrow(a, b)} times`);
  }
}

const clipped = (text: string): string => (text.length <= FIELD_SHOWN ? text : `${text.slice(0, FIELD_SHOWN)}…`);
const arrow = (a: number, b: number): string => `${count(a)} -> ${count(b)}`;
const meantLine = ([where, a, b]: Meant): string => `${where}: ${a ?? 'nothing'} -> ${b ?? 'nothing'}`;

function cameWords(came: Came): string {
  if (came.kind === 'done') return 'done';
  return came.kind === 'failed' ? `${came.errno} (${came.words})` : `refused: ${came.words}`;
}
