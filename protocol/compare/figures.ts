/** What a whole log came to, in figures: counted from its events, so that any two logs can be held side by side. */
import type { Event } from '../events/index.ts';
import { type Classes, callClasses, foldStaticCalls, noStaticCallsView } from '../view/static-call.ts';

export interface Figures {
  readonly loaded: number;
  /** Loads and unloads that the kernel refused. */
  readonly failed: number;
  readonly updates: number;
  /** Commands that made no sense: nothing was done. */
  readonly refused: number;
  readonly patches: number;
  /** Bytes that patches wrote. */
  readonly bytes: number;
  readonly singleWord: number;
  readonly stopMachine: number;
  readonly int3: number;
  /** Times that a transform left a site without a way to func. */
  readonly strays: number;
  /** PLT entries that loads wrote. */
  readonly plt: number;
  /** Sites by class after the last command. */
  readonly classes: Classes;
}

export interface Counting {
  take(event: Event): void;
  figures(): Figures;
}

export function openCounting(): Counting {
  const view = noStaticCallsView();
  const sum = {
    ...{ loaded: 0, failed: 0, updates: 0, refused: 0, patches: 0, bytes: 0 },
    ...{ singleWord: 0, stopMachine: 0, int3: 0, strays: 0, plt: 0 },
  };

  function count(event: Event): void {
    switch (event.type) {
      case 'ModuleLive':
        sum.loaded++;
        return;
      case 'ModuleLoadFailed':
      case 'ModuleUnloadFailed':
        sum.failed++;
        return;
      case 'CommandRefused':
        sum.refused++;
        return;
      case 'VeneerWritten':
        sum.plt++;
        return;
      case 'StaticCallFuncSet':
      case 'StaticCallFuncKept':
        sum.updates++;
        return;
      case 'StaticCallStrayed':
        sum.strays++;
        return;
      case 'StaticCallPatched':
        sum.patches++;
        sum.bytes += event.bytes[1].length / 2;
        if (event.atomicity === 'single-word') sum.singleWord++;
        else if (event.atomicity === 'stop-machine') sum.stopMachine++;
        else sum.int3++;
        return;
      default:
    }
  }

  return {
    take(event) {
      foldStaticCalls(view, event);
      count(event);
    },
    figures: () => ({ ...sum, classes: callClasses(view) }),
  };
}
