/** What the modules of this folder hand to each other and to the page. */
import type { Hex } from '../../../protocol/address.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';

export type Arch = MachineProfile['arch'];

/** One instruction as the daemon tells it (protocol/inspect.ts): `bytes` are hex digits in memory order. */
export interface CodeLine {
  readonly address: Hex;
  readonly bytes: string;
  readonly text: string;
}

/** What an instruction is for, as far as its colour goes. */
export type Kind =
  | 'call'
  | 'branch'
  | 'return'
  | 'trap'
  | 'address'
  | 'move'
  | 'load'
  | 'store'
  | 'arithmetic'
  | 'nop'
  | 'system'
  | 'other';

/** Addresses that an instruction can name, in bytes from its own address, both inclusive. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Where an instruction leads, or which address it computes or reads. */
export interface Reach extends Range {
  readonly target: Hex;
  /** Signed bytes from the instruction's address to `target`. */
  readonly distance: number;
}

/** A symbol for an address, where one is known. */
export type NameOf = (address: Hex) => string | null | undefined;
