/**
 * Capstone, compiled to WebAssembly, for code that our own tables don't hold. It takes 20 MB of memory and a tenth of a
 * second, so it is loaded when the first question needs it.
 */
import type { ArchName, General } from './kernel/inspect/disassemble.ts';

interface Instruction {
  readonly size: number;
  readonly mnemonic: string;
  readonly op_str: string;
}

interface Decoder {
  /** Throws where the bytes are no instruction. */
  disasm(bytes: Uint8Array, address: bigint, max: number): readonly Instruction[];
  option(option: number, value: number): void;
}

interface Capstone {
  readonly Capstone: new (arch: number, mode: number) => Decoder;
  readonly [constant: string]: unknown;
}

let loading: Promise<General> | undefined;

export function generalDisassembler(): Promise<General> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<General> {
  const { default: open } = (await import('@alexaltea/capstone-js')) as { default: () => Promise<Capstone> };
  const library = await open();
  const constant = (name: string): number => {
    const value = library[name];
    if (typeof value !== 'number') throw new TypeError(`capstone has no ${name}`);
    return value;
  };
  const arm64 = new library.Capstone(constant('ARCH_ARM64'), constant('MODE_LITTLE_ENDIAN'));
  const x86 = new library.Capstone(constant('ARCH_X86'), constant('MODE_64'));
  x86.option(constant('OPT_SYNTAX'), constant('OPT_SYNTAX_ATT'));
  const decoders: Record<ArchName, Decoder> = { arm64, 'x86-64': x86 };
  /** The longest instruction of x86-64. */
  const LONGEST = 15;
  return (arch, bytes, address) => {
    const [one] = attempt(decoders[arch], bytes.subarray(0, LONGEST), address);
    if (!one) return undefined;
    const operands = one.op_str === '' ? '' : ` ${one.op_str}`;
    return { size: one.size, text: `${one.mnemonic}${operands}` };
  };
}

function attempt(decoder: Decoder, bytes: Uint8Array, address: number): readonly Instruction[] {
  try {
    return decoder.disasm(bytes, BigInt.asUintN(64, BigInt(address)), 1);
  } catch {
    return [];
  }
}
