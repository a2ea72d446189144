/** A diff of two views as lines for people: `+` came, `-` went, `~` changed. */
import type { Change, KeyChange, ModuleChange, ModuleEntry, ViewDiff } from '../../../protocol/view/diff-form.ts';
import type { Classes } from '../../../protocol/view/static-call.ts';
import { windowsOf } from '../load-report.ts';
import type { Output } from '../output.ts';
import { classWords } from '../static-calls.ts';
import { refusal } from './event.ts';
import { bytes, count, counted, distance, share } from './number.ts';
import { plain } from './plain.ts';

/** At most `shown` lines of each kind, and how many more there are. */
export function diffLines(diff: ViewDiff, shown: number, paint: Output['paint']): readonly string[] {
  const group = (title: string, lines: readonly string[]): readonly string[] => {
    if (lines.length === 0) return [];
    const more = lines.length - shown;
    return [
      paint.bold(title),
      ...lines.slice(0, shown).map((line) => colour(paint, `  ${plain(line)}`)),
      ...(more > 0 ? [paint.dim(`  … and ${count(more)} more: --all shows them`)] : []),
    ];
  };
  return [
    ...group('machine', machineLines(diff.machine)),
    ...group('modules', moduleLines(diff.modules)),
    ...group('windows', windowLines(diff)),
    ...group('static calls', keyLines(diff)),
    ...group('counters', counterLines(diff.counters)),
    ...group('refusals', refusalLines(diff.refusals)),
    ...group('bookmarks', bookmarkLines(diff.bookmarks)),
    ...group('also', diff.other.length === 0 ? [] : [`~ ${diff.other.join(', ')}`]),
  ];
}

function colour(paint: Output['paint'], line: string): string {
  const mark = line.trimStart()[0];
  return mark === '+' ? paint.green(line) : mark === '-' ? paint.red(line) : line;
}

const arrow = ([from, to]: Change<unknown>): string => `${String(from)} -> ${String(to)}`;
const numbers = ([from, to]: Change<number>): string => `${count(from)} -> ${count(to)}`;
const classes = ([from, to]: Change<Classes>): string => `${classWords(from)} -> ${classWords(to)}`;

function machineLines(machine: ViewDiff['machine']): readonly string[] {
  return Object.entries(machine).map(([name, [from, to]]) => {
    // Lists and tables are said by name alone: --json has them.
    const isPlain = [from, to].every((value) => value === null || typeof value !== 'object');
    return `~ ${name}${isPlain ? ` ${arrow([from ?? 'none', to ?? 'none'])}` : ''}`;
  });
}

function moduleLines({ loaded, unloaded, changed }: ViewDiff['modules']): readonly string[] {
  return [
    ...loaded.map((module) => `+ ${entryWords(module)}`),
    ...unloaded.map((module) => `- ${entryWords(module)}`),
    ...changed.map((module) => `~ ${module.name}: ${changeWords(module).join('; ')}`),
  ];
}

function entryWords({ name, state, parts, veneers }: ModuleEntry): string {
  const places = Object.values(parts).sort((a, b) => (a.address < b.address ? -1 : 1));
  const size = places.reduce((sum, part) => sum + part.size, 0);
  const where = places[0] ? `${bytes(size)} at ${places[0].address}, ${windowsOf(places)} window` : 'no memory';
  return `${name}  ${state}, ${where}${veneers > 0 ? `, ${counted(veneers, 'veneer')}` : ''}`;
}

function changeWords(module: ModuleChange): readonly string[] {
  const { reloaded, state, blob, moved = [], veneers, plt, branches, usedBy, other } = module;
  const users = ([from, to]: Change<readonly string[]>): string => `${from.length} -> ${to.length} users`;
  return [
    ...(reloaded ? ['loaded again'] : []),
    ...(state ? [arrow(state)] : []),
    ...(blob ? ['another file'] : []),
    ...moved.map(({ part, place: [from, to] }) => `${part} ${from?.address ?? 'none'} -> ${to?.address ?? 'none'}`),
    ...(veneers ? [`${numbers(veneers)} veneers`] : []),
    ...(plt && !veneers ? ['PLT entries used or reserved'] : []),
    ...(branches ? [`${numbers([branches[0].direct, branches[1].direct])} direct branches`] : []),
    ...(usedBy ? [users(usedBy)] : []),
    ...(other ? [`also ${other.join(', ')}`] : []),
  ];
}

function windowLines({ windows, areas }: ViewDiff): readonly string[] {
  const lines = windows.map(({ window, fill: [from, to] }) => {
    if (!from) return `+ ${window}`;
    if (!to) return `- ${window}`;
    const figures = [
      ...(from.start === to.start && from.end === to.end ? [] : [`begins at ${arrow([from.start, to.start])}`]),
      `${distance(to.used - from.used)} used, now ${bytes(to.used)} (${share(to.used, to.size)})`,
      ...(from.holes === to.holes ? [] : [`${numbers([from.holes, to.holes])} holes`]),
      ...(from.largestHole === to.largestHole ? [] : [`largest hole ${distance(to.largestHole - from.largestHole)}`]),
    ];
    return `~ ${window}: ${figures.join('; ')}`;
  });
  const moved = areas.came + areas.gone;
  return moved === 0 ? lines : [...lines, `~ ${counted(areas.came, 'area')} came, ${count(areas.gone)} went`];
}

function keyLines({ keys, classes: all, counters }: ViewDiff): readonly string[] {
  const patches = counters.staticCalls.patches;
  return [
    ...(all ? [`~ sites: ${classes(all)}`] : []),
    ...(patches ? [`~ patches since boot: ${numbers(patches)}`] : []),
    ...keys.added.map((name) => `+ key ${name}`),
    ...keys.gone.map((name) => `- key ${name}`),
    ...keys.changed.map((key) => `~ key ${key.name}: ${keyWords(key).join('; ')}`),
  ];
}

function keyWords(key: KeyChange): readonly string[] {
  const { func, orig, text, chain, classes: sites, rewritten, patches, updates, other } = key;
  const owners = ([from, to]: Change<readonly string[]>): string => `${from.length} -> ${to.length} nodes of site_mods`;
  return [
    ...(func ? [`func ${arrow(func)}`] : []),
    ...(orig ? [`orig ${orig[0] ?? 'none'} -> ${orig[1] ?? 'none'}`] : []),
    ...(text ? [`trampoline ${arrow(text)}`] : key.bytes ? ['trampoline rewritten'] : []),
    ...(chain ? [owners(chain)] : []),
    ...(sites ? [`sites ${classes(sites)}`] : []),
    ...(rewritten ? [`${counted(rewritten, 'site')} rewritten`] : []),
    ...(patches ? [`${numbers(patches)} patches`] : []),
    ...(updates ? [`${numbers(updates)} updates`] : []),
    ...(other ? [`also ${other.join(', ')}`] : []),
  ];
}

function counterLines({ ever, now, staticCalls }: ViewDiff['counters']): readonly string[] {
  const lines = (what: string, changed: Readonly<Record<string, Change<number>>>): readonly string[] =>
    Object.entries(changed).map(([name, change]) => `~ ${words(name)}${what}: ${numbers(change)}`);
  const { patches: _, ...others } = staticCalls;
  return [...lines('', now), ...lines(' since boot', ever), ...lines(' of static calls since boot', others)];
}

const BRANCHES: Readonly<Record<string, string>> = { direct: 'direct branches', veneer: 'branches by veneer' };

/** `failedLoads` -> `failed loads` */
const words = (name: string): string =>
  BRANCHES[name] ?? name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function refusalLines({ came, gone }: ViewDiff['refusals']): readonly string[] {
  const line = ({ op, module, errno, words: text }: (typeof came)[number]): string =>
    `${op}: ${refusal(module, errno, text)}`;
  return [...came.map((failure) => `+ ${line(failure)}`), ...gone.map((failure) => `- ${line(failure)}`)];
}

function bookmarkLines({ added, removed, moved }: ViewDiff['bookmarks']): readonly string[] {
  return [
    ...added.map(({ name, at }) => `+ @${name} is ${count(at)}`),
    ...removed.map(({ name, at }) => `- @${name} was ${count(at)}`),
    ...moved.map(({ name, at }) => `~ @${name}: ${numbers(at)}`),
  ];
}
