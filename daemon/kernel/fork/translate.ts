/**
 * A command of one machine as another means it: functions that it names by address follow their module's section, or the
 * image, to where those are there. Places that a recording gave (`percpu`, `fallbackAt`) are left to the allocator where
 * the machines place differently.
 */
import { fromHex, type Hex, toHex } from '../../../protocol/address.ts';
import type { Command, CommandOf } from '../../../protocol/commands.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import type { LoadedModule, State } from '../state.ts';

type LaidOut = EventOf<'ModuleLaidOut'>;
type Updates = readonly { readonly key: string; readonly func: string }[];

/** What an address means depends on both machines as they are before the command. */
export interface Between {
  readonly source: State;
  readonly fork: State;
  /** Of a load: where the module itself lies, in each of them. */
  readonly own?: { readonly source: LaidOut; readonly fork: LaidOut } | undefined;
  /** Whether recorded places hold in the fork as well. */
  readonly samePlaces: boolean;
}

export type Translated =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly code: 'no-such-module' | 'bad-command'; readonly message: string };

/** An address that has no counterpart. */
class Nowhere extends Error {
  readonly code: 'no-such-module' | 'bad-command';

  constructor(code: 'no-such-module' | 'bad-command', message: string) {
    super(message);
    this.code = code;
  }
}

/** The same object where nothing of it changes. */
export function translate(command: Command, between: Between): Translated {
  try {
    return { ok: true, command: meant(command, between) };
  } catch (error) {
    if (!(error instanceof Nowhere)) throw error;
    return { ok: false, code: error.code, message: error.message };
  }
}

function meant(command: Command, between: Between): Command {
  switch (command.type) {
    case 'update': {
      const func = moved(command.func, between);
      return func === command.func ? command : { ...command, func };
    }
    case 'unload': {
      const updates = allMoved(command.exit?.updates, between);
      return updates ? { ...command, exit: { ...command.exit, updates } } : command;
    }
    case 'load':
      return meantLoad(command, between);
    default:
      return command;
  }
}

function meantLoad(command: CommandOf<'load'>, between: Between): Command {
  const { percpu, fallbackAt, ...rest } = command;
  const given = percpu !== undefined || fallbackAt !== undefined;
  const placed = given && !between.samePlaces ? rest : command;
  const updates = allMoved(command.init?.updates, between);
  return updates ? { ...placed, init: { ...command.init, updates } } : placed;
}

/** Undefined where nothing moves. */
function allMoved(updates: Updates | undefined, between: Between): { key: string; func: string }[] | undefined {
  if (!updates?.some(({ func }) => isAddress(func))) return undefined;
  const all = updates.map(({ key, func }) => ({ key, func: moved(func, between) }));
  return all.some(({ func }, i) => func !== updates[i]?.func) ? all : undefined;
}

/** Whether updates of a load name functions inside the module that it loads. */
export function namesItself(command: CommandOf<'load'>, own: LaidOut): boolean {
  return command.init?.updates?.some(({ func }) => isAddress(func) && sectionAt(own, fromHex(func))) ?? false;
}

const isAddress = (func: string): boolean => func.startsWith('0x') && fromHex(func) !== 0;

function moved(func: string, { source, fork, own }: Between): string {
  const address = fromHex(func);
  if (!isAddress(func) || Number.isNaN(address)) return func;
  const inOwn = own && sectionAt(own.source, address);
  if (own && inOwn) return inSection(func, own.fork, inOwn);
  if (inImage(source, address)) return inOtherImage(func, address, source, fork);
  const module = holderOf(source, address);
  // Neither the image's nor a module's: whatever is there does not move with either.
  if (!module) return func;
  const place = sectionAt(module.laidOut, address);
  const name = place ? `${place.section}+0x${place.offset.toString(16)} of module ${module.name}` : module.name;
  const there = fork.modules.get(module.name);
  if (!there) throw new Nowhere('no-such-module', `func ${func} is ${name}, which is not loaded here`);
  if (there.blob === module.blob && place) return inSection(func, there.laidOut, place);
  const symbol = module.exports.find((exported) => source.exports.get(exported)?.address === address);
  if (symbol !== undefined && there.exports.includes(symbol)) return symbol;
  throw new Nowhere('bad-command', `func ${func} is ${name}, and nothing tells where that is here`);
}

interface Place {
  readonly section: string;
  /** Which one of that name. */
  readonly nth: number;
  readonly offset: number;
}

function sectionAt({ sections }: LaidOut, address: number): Place | undefined {
  const seen = new Map<string, number>();
  for (const { name, address: start, size } of sections) {
    const nth = seen.get(name) ?? 0;
    const offset = address - fromHex(start);
    if (offset >= 0 && offset < size) return { section: name, nth, offset };
    seen.set(name, nth + 1);
  }
  return undefined;
}

function inSection(func: string, { module, sections }: LaidOut, { section, nth, offset }: Place): Hex {
  const there = sections.filter(({ name }) => name === section)[nth];
  if (!there)
    throw new Nowhere('bad-command', `func ${func} is in ${section} of module ${module}, which is empty here`);
  return toHex(fromHex(there.address) + offset);
}

function holderOf({ modules }: State, address: number): LoadedModule | undefined {
  for (const module of modules.values()) {
    if (module.areas.some((area) => address >= area.address && address < area.address + area.size)) return module;
  }
  return undefined;
}

function inImage({ profile }: State, address: number): boolean {
  const kernel = profile?.source.kernel;
  return kernel !== undefined && address >= fromHex(kernel.text) && address < fromHex(kernel.end);
}

/** An image of the same shape has the same functions; of another one the symbol tells. */
function inOtherImage(func: string, address: number, source: State, fork: State): string {
  const from = source.profile?.source.kernel;
  const to = fork.profile?.source.kernel;
  if (!from || !to) return func;
  const shape = ({ text, etext, end }: typeof from) => [fromHex(etext) - fromHex(text), fromHex(end) - fromHex(text)];
  if (String(shape(from)) === String(shape(to))) return toHex(address - fromHex(from.text) + fromHex(to.text));
  for (const [symbol, at] of source.profile?.symbols ?? []) {
    if (at === address && fork.profile?.symbols.has(symbol)) return symbol;
  }
  throw new Nowhere('bad-command', `func ${func} is in the kernel image, which is another one here`);
}
