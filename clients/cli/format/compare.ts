/** Two logs side by side, for people: a paragraph for each command that came to something else, and what it adds up to. */
import type { Came } from '../../../protocol/compare/effect.ts';
import type {
  ComparedCommand,
  CompareSummary,
  Difference,
  Meant,
  Side,
  Turns,
} from '../../../protocol/compare/form.ts';
import { CLASSES } from '../../../protocol/view/static-call.ts';
import { classWords, directShare } from '../static-calls.ts';
import { refusal } from './event.ts';
import { bytes, count, counted } from './number.ts';
import { plain } from './plain.ts';
import { pairs, table } from './table.ts';

/** Turns that a summary shows, patches that a command shows, and characters of a field of the machine. */
const TURNS_SHOWN = 10;
const PATCHES_SHOWN = 3;
const FIELD_SHOWN = 60;

export function commandLines(line: ComparedCommand): readonly string[] {
  const { a, b, verdict, differences } = line;
  const title = `${numbers(a, b)}  ${words((a ?? b) as Side)}`;
  const note = verdict === 'only-a' ? '  only in a' : verdict === 'only-b' ? '  only in b' : '';
  return [`${title}${note}`, ...differences.flatMap(differenceLines).map((each) => `    ${each}`)].map(plain);
}

/** The number that both have, or both numbers. */
function numbers(a: Side | null, b: Side | null): string {
  if (a && b && a.number === b.number) return `${a.number}`;
  return `${a?.number ?? '–'}/${b?.number ?? '–'}`;
}

const words = ({ type, what }: Side): string => (what === '' ? type : `${type} ${what}`);

function differenceLines(difference: Difference): readonly string[] {
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

export function summaryLines(summary: CompareSummary, dim: (text: string) => string): readonly string[] {
  const { commands, same, moved, changed, onlyA, onlyB, first, windows, veneers, figures } = summary;
  const [a, b] = figures;
  const rows: readonly (readonly [string, string, string])[] = [
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
  return [
    ...table(
      [
        { head: '', cell: ([name]) => name },
        { head: 'A', right: true, cell: ([, left]) => left },
        { head: 'B', right: true, cell: ([, , right]) => right },
      ],
      rows,
      dim,
    ),
    ...pairs([
      ['commands', `${count(same)} the same, ${count(moved)} only moved, ${count(changed)} changed`],
      ['only in one', `${count(onlyA)} in a, ${count(onlyB)} in b`],
      ['first', first ? `${numbers(first.a, first.b)}  ${words((first.a ?? first.b) as Side)}` : 'no divergence'],
      ['windows', `${counted(windows.toFallback, 'load')} from direct to fallback, ${count(windows.toDirect)} back`],
      ['veneers', `${counted(veneers.more, 'load')} with more, ${count(veneers.fewer)} with fewer`],
    ]),
    ...turnLines('fails now', summary.failsNow),
    ...turnLines('works now', summary.worksNow),
  ];
}

function turnLines(title: string, { count: all, first }: Turns): readonly string[] {
  if (all === 0) return [`${title}: none`];
  const more = all - Math.min(all, TURNS_SHOWN);
  return [
    `${title}: ${count(all)}`,
    ...first.slice(0, TURNS_SHOWN).map(({ a, b, type, what, errno, words: why }) => {
      return plain(`  ${a === b ? a : `${a}/${b}`}  ${type} ${what}: ${refusal(what, errno, why)}`);
    }),
    ...(more > 0 ? [`  … and ${count(more)} more`] : []),
  ];
}
