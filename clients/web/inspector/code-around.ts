/** The instructions around an address. arm64's are words; x86-64's can only be read from a place where one begins. */
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { Instruction } from '../../../protocol/inspect.ts';
import { INSTRUCTIONS_MAX } from '../../../protocol/instructions.ts';
import type { ClientError } from '../../sdk/errors.ts';
import type { Arch } from '../asm/types.ts';
import type { Spot } from '../model/queries/spot.ts';
import type { AskedAt } from './position.ts';

/** How many instructions are wanted before the one that is chosen, and from it on. */
export interface Extent {
  readonly before: number;
  readonly from: number;
}

const WORD = 4;
/** Bytes of the longest way from a symbol to an instruction that is worth reading: about INSTRUCTIONS_MAX instructions of x86-64. */
const SWEEP = 800;

/** Whether there is code that the daemon may know. */
export const hasCode = ({ kind }: Spot): boolean =>
  kind === 'site' || kind === 'plt' || kind === 'trampoline' || kind === 'section';

export async function codeAround(
  asked: AskedAt,
  arch: Arch,
  spot: Spot,
  extent: Extent,
): Promise<readonly Instruction[]> {
  const first = arch === 'arm64' ? startOfWords(spot, extent) : await startOfX86(asked, spot);
  const bytesBefore = spot.start - first;
  const count = arch === 'arm64' ? bytesBefore / WORD + extent.from : bytesBefore + extent.before + extent.from;
  const lines = await read(asked, first, Math.min(INSTRUCTIONS_MAX, Math.max(1, count)));
  const chosen = lines.findIndex(({ address, bytes }) => fromHex(address) + bytes.length / 2 > spot.start);
  if (chosen < 0) return read(asked, spot.start, Math.min(INSTRUCTIONS_MAX, extent.from));
  return lines.slice(Math.max(0, chosen - extent.before), chosen + extent.from);
}

async function read({ machine, at }: AskedAt, address: number, count: number): Promise<readonly Instruction[]> {
  return (await machine.disassembly(toHex(address), { at, count })).instructions;
}

/** Of the kernel image only single places are known, so nothing before them is asked for. */
function startOfWords({ start, section, kind }: Spot, { before }: Extent): number {
  if (section === null) return start;
  const aligned = kind === 'section' ? start - ((start - section.address) % WORD) : start;
  return Math.max(section.address, aligned - before * WORD);
}

/** The symbol before the address, where it is near; else the address itself. */
async function startOfX86(asked: AskedAt, { start, section }: Spot): Promise<number> {
  if (section === null) return start;
  const [here] = await read(asked, start, 1);
  const offset = /\+0x([0-9a-f]+)( |$)/.exec(here?.symbol ?? '')?.[1];
  const back = offset === undefined ? 0 : Number.parseInt(offset, 16);
  return back > SWEEP ? start : Math.max(section.address, start - back);
}

/** Whether an answer fails for want of bytes, and not of a daemon. */
export const isUnknown = (error: ClientError): boolean => error.code === 'no-such-blob' || error.code === 'not-found';
