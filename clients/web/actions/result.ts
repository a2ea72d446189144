/** What a command came to, told from the events of its commit. */
import type { Commit, Position } from '../../../protocol/commit.ts';
import { count, counted } from '../../../protocol/count.ts';
import type { Event } from '../../../protocol/events/index.ts';
import type { Done } from '../../../protocol/frames.ts';
import type { Selection } from '../state/selection.ts';
import type { Refused } from '../ui/refusal-words.ts';
import type { Trouble } from '../ui/trouble.ts';

export interface Outcome {
  /** One sentence without a full stop. */
  readonly words: string;
  /** Not empty: it came to nothing, and why. */
  readonly refused: readonly Refused[];
  /** What is not as one would wish, though it was done. */
  readonly warnings: readonly string[];
  /** What it was about. */
  readonly select: Selection | null;
}

/** `position` is that of its commit; `trouble`: it never became one. */
export type Result =
  | { readonly machine: string; readonly position: Position; readonly outcome: Outcome }
  | { readonly machine: string; readonly trouble: Trouble };

export const resultOf = (machine: string, { position, commit }: Done): Result => ({
  machine,
  position,
  outcome: outcomeOf(commit),
});

export function outcomeOf({ command, events }: Commit): Outcome {
  const refused = events.flatMap(refusalOf);
  const warnings = warningsOf(events);
  switch (command.type) {
    case 'load': {
      const module = moduleOf(events) ?? command.file ?? 'the module';
      const words = refused.length > 0 ? `${module} was refused` : `${module} is live${counts(events)}`;
      return { words, refused, warnings, select: refused.length > 0 ? null : { kind: 'module', name: module } };
    }
    case 'unload': {
      const words = refused.length > 0 ? `${command.module} stays` : `${command.module} is gone${counts(events)}`;
      const select: Selection | null = refused.length > 0 ? { kind: 'module', name: command.module } : null;
      return { words, refused, warnings, select };
    }
    case 'update': {
      const set = events.find((event) => event.type === 'StaticCallFuncSet');
      const words = set
        ? `${command.key} calls ${Number(set.to) === 0 ? 'nothing (NULL)' : command.func} now${counts(events)}`
        : `${command.key} calls ${command.func} already: nothing is done`;
      return { words, refused, warnings, select: { kind: 'key', name: command.key } };
    }
    default:
      return { words: `${command.type} is done`, refused, warnings, select: null };
  }
}

function refusalOf(event: Event): readonly Refused[] {
  if (event.type !== 'ModuleLoadFailed' && event.type !== 'ModuleUnloadFailed') return [];
  const { module, errno, words } = event;
  return [{ op: event.type === 'ModuleLoadFailed' ? 'load' : 'unload', module, errno, words }];
}

function warningsOf(events: readonly Event[]): readonly string[] {
  const strays = events.filter(({ type }) => type === 'StaticCallStrayed').length;
  const nodes = events.filter(({ type }) => type === 'SiteModAllocationFailed').length;
  return [
    ...(strays > 0 ? [`${counted(strays, 'call site')} can't reach the function any more: a call there traps`] : []),
    ...(nodes > 0 ? ['a node of site_mods found no memory: the kernel warns, and stops taking in sites there'] : []),
  ];
}

function moduleOf(events: readonly Event[]): string | undefined {
  for (const event of events) if ('module' in event && event.module !== '') return event.module;
  return undefined;
}

/** `: 12 patches, 3 veneers`; empty where there is none of these. */
function counts(events: readonly Event[]): string {
  const of = (type: Event['type']): number => events.filter((event) => event.type === type).length;
  const [patches, veneers] = [of('StaticCallPatched'), of('VeneerWritten')];
  const far = new Set(events.flatMap((e) => (e.type === 'MemoryAllocated' && e.window === 'fallback' ? [e.part] : [])));
  const words = [
    ...(patches > 0 ? [counted(patches, 'patch', 'patches')] : []),
    ...(veneers > 0 ? [`${counted(veneers, 'veneer')}`] : []),
    ...(far.size > 0 ? [`${count(far.size)} of its parts in the fallback window`] : []),
  ];
  return words.length === 0 ? '' : `: ${words.join(', ')}`;
}
