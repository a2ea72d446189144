/** The kernel's words for places, writes and states, and what they mean to somebody who meets them for the first time. */
import type { PatchWhat } from '../../../protocol/events/static-call.ts';
import type { TraceAnswer, Write } from '../../../protocol/inspect.ts';
import type { Module } from '../../../protocol/view/types.ts';
import type { Spot } from '../model/queries/spot.ts';

/** What an address is, as a heading. */
export const SPOT_TITLES: Readonly<Record<Spot['kind'], string>> = {
  site: 'static-call site',
  trampoline: 'trampoline',
  literal: 'literal of a trampoline',
  key: 'static-call key',
  plt: 'PLT entry',
  section: 'in a section',
  memory: 'module memory outside sections',
  kernel: 'kernel image',
  reserved: 'reserved',
  lazy: 'freed, not usable yet',
  free: 'nobody’s memory',
};

/** One sentence each, for somebody who never heard of it. */
export const SPOT_WORDS: Readonly<Record<Spot['kind'], string>> = {
  site: 'A call instruction that the kernel rewrites whenever the function of its key changes.',
  trampoline: 'A few instructions that pass a call on to the key’s function.',
  literal: 'Eight bytes of data with the address that a trampoline loads and jumps to.',
  key: 'Holds the function that all calls of this static call go to.',
  plt: 'A longer jump beside the module’s code, for functions that one branch can’t reach: a veneer.',
  section: 'Code or data of a module.',
  memory: 'Between sections, or the symbol table that the loader keeps.',
  kernel: 'The kernel itself, loaded at boot.',
  reserved: 'Others have this room: modules can’t be placed here.',
  lazy: 'A module had it. Its room can be used again after the next purge.',
  free: 'A hole: no module has this memory at this position.',
};

export const WRITE_WORDS: Readonly<Record<Write['what'], string>> = {
  file: 'the module’s file',
  relocation: 'relocation',
  finalize: 'loader, before init',
  plt: 'PLT entry',
  boot: 'boot',
  func: 'key.func',
  patch: 'patch',
};

export const HOP_WORDS: Readonly<Record<TraceAnswer['hops'][number]['place'], string>> = {
  site: 'site',
  plt: 'PLT entry',
  trampoline: 'trampoline',
  text: 'code',
};

export const PATCHED_WORDS: Readonly<Record<PatchWhat, string>> = {
  site: 'a call site',
  trampoline: 'the trampoline',
  literal: 'the literal that the trampoline loads',
  veneer: 'a veneer',
};

export const STATE_WORDS: Readonly<Record<Module['state'], string>> = {
  UNFORMED: 'in memory, not linked yet',
  COMING: 'linked; its init function has not finished',
  LIVE: 'loaded and running',
  GOING: 'on its way out',
};
