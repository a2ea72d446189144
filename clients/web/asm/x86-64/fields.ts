/**
 * x86-64 instructions that the loader and static calls write, as prefixes, opcode, ModRM, SIB, displacement and immediate; any other as its bytes.
 * Source: Intel SDM volume 2, 2.1 (instruction format), tables 2-2 and 2-3 (ModRM, SIB), and the instruction's page.
 */
import { toHex } from '../../../../protocol/address.ts';
import { direction } from '../distance.ts';
import { bytesOf, type Encoding, type Field } from '../encoding.ts';
import { CONDITION_CODES, conditionWords } from './conditions.ts';
import { NAMES32 } from './registers.ts';

interface Form {
  readonly name: string;
  /** The instruction's page in the manual. */
  readonly page: string;
  /** Bytes in hex, `rel8`, `rel32`, `modrm`, `sib`, `disp8`, `disp32`; `7?` is an opcode with a condition. */
  readonly layout: readonly string[];
}

const form = (name: string, page: string, layout: string): Form => ({ name, page, layout: layout.split(' ') });

const FORMS: readonly Form[] = [
  form('call rel32', 'CALL', 'e8 rel32'),
  form('jmp rel32', 'JMP', 'e9 rel32'),
  form('jmp rel8', 'JMP', 'eb rel8'),
  form('jcc rel32', 'Jcc', '0f 8? rel32'),
  form('jcc rel8', 'Jcc', '7? rel8'),
  form('ret', 'RET', 'c3'),
  form('int3', 'INT n', 'cc'),
  form('nop', 'NOP', '90'),
  form('nop, 2 bytes', 'NOP', '66 90'),
  form('nop, 3 bytes', 'NOP', '0f 1f 00=modrm'),
  form('nop, 4 bytes', 'NOP', '0f 1f 40=modrm disp8'),
  form('nop, 5 bytes', 'NOP', '0f 1f 44=modrm sib disp8'),
  form('nop, 6 bytes', 'NOP', '66 0f 1f 44=modrm sib disp8'),
  form('nop, 7 bytes', 'NOP', '0f 1f 80=modrm disp32'),
  form('nop, 8 bytes', 'NOP', '0f 1f 84=modrm sib disp32'),
  form('xor, 5 bytes', 'XOR', '2e 2e 2e 31 c0=modrm'),
  form('ud1', 'UD', '0f b9 modrm'),
  form('ud2', 'UD', '0f 0b'),
];

const SIZES: Readonly<Record<string, number>> = { rel32: 4, disp32: 4 };
const REL = /^rel/;
const PREFIXES: Readonly<Record<number, string>> = {
  46: 'prefix: segment cs, which says nothing here and only fills',
  102: 'prefix: operands of 16 bits, which only fills here',
};

const sizeOf = (part: string): number => SIZES[part] ?? 1;

const lengthOf = ({ layout }: Form): number => layout.reduce((sum, part) => sum + sizeOf(part), 0);

function matches({ layout }: Form, bytes: readonly number[]): boolean {
  let at = 0;
  return layout.every((part) => {
    const fixed = /^([0-9a-f])([0-9a-f?])(=|$)/.exec(part);
    const byte = bytes[at] ?? 0;
    at += sizeOf(part);
    return !fixed || (byte >> 4 === Number.parseInt(fixed[1] ?? '', 16) && low(fixed[2] ?? '', byte));
  });
}

const low = (digit: string, byte: number): boolean => digit === '?' || (byte & 0xf) === Number.parseInt(digit, 16);

/** How long the instruction at the start of `bytes` is, where it is one of these; undefined for any other. */
export const lengthAt = (hex: string): number | undefined => {
  const bytes = bytesOf(hex);
  const found = FORMS.find((one) => lengthOf(one) <= bytes.length && matches(one, bytes));
  return found && lengthOf(found);
};

/** `hex`: the bytes of one instruction, which stands at `address`. */
export function fields(hex: string, address: number): Encoding {
  const bytes = bytesOf(hex);
  const found = FORMS.find((one) => lengthOf(one) === bytes.length && matches(one, bytes));
  if (!found) {
    return {
      name: 'another instruction',
      source: 'Intel SDM volume 2, 2.1',
      fields: bytes.map((value, byte) => whole('byte', byte, 1, value, `0x${value.toString(16).padStart(2, '0')}`)),
    };
  }
  let at = 0;
  const parts = found.layout.flatMap((part) => {
    const byte = at;
    at += sizeOf(part);
    return fieldsOf(found, part, byte, bytes, address);
  });
  return { name: found.name, source: `Intel SDM volume 2, ${found.page}`, fields: parts };
}

const whole = (name: string, byte: number, bytes: number, value: number, meaning: string): Field => ({
  name,
  byte,
  bytes,
  hi: bytes * 8 - 1,
  lo: 0,
  value,
  meaning,
});

function fieldsOf(of: Form, part: string, byte: number, bytes: readonly number[], address: number): Field[] {
  const value = bytes[byte] ?? 0;
  const kind = part.split('=').at(-1) ?? part;
  if (kind === 'modrm') return modrm(byte, value);
  if (kind === 'sib') return sib(byte, value);
  const size = sizeOf(part);
  if (size > 1 || REL.test(part) || part === 'disp8') return [distance(part, byte, size, bytes, address)];
  if (part.endsWith('?')) {
    const code = CONDITION_CODES[value & 0xf] ?? '';
    return [
      { ...whole('opcode', byte, 1, value >> 4, of.name), lo: 4 },
      { ...whole('cond', byte, 1, value & 0xf, `${code}: ${conditionWords(code)}`), hi: 3 },
    ];
  }
  const prefix = byte < of.layout.length - 1 ? PREFIXES[value] : undefined;
  return [whole(prefix === undefined ? 'opcode' : 'prefix', byte, 1, value, prefix ?? opcodeWords(of, value, byte))];
}

const opcodeWords = ({ name }: Form, value: number, byte: number): string =>
  value === 0x0f && byte < 2 ? 'escape: the opcode has another byte' : name;

function distance(part: string, byte: number, size: number, bytes: readonly number[], address: number): Field {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[byte + i] ?? 0);
  const signed = value >= 2 ** (size * 8 - 1) ? value - 2 ** (size * 8) : value;
  const target = address + bytes.length + signed;
  const meaning = REL.test(part)
    ? `${signed} bytes from the next instruction: ${toHex(target)}, ${direction(target - address)}`
    : `${signed}, which nothing uses`;
  return whole(part, byte, size, value, meaning);
}

const MODES = [
  'memory, no displacement',
  'memory, displacement of 8 bits',
  'memory, displacement of 32 bits',
  'a register',
];

function modrm(byte: number, value: number): Field[] {
  const mod = value >> 6;
  const rm = value & 7;
  const register = NAMES32[rm] ?? '';
  const memory = rm === 4 ? 'a SIB byte follows' : `address in r${register.slice(1)}`;
  return [
    { ...whole('mod', byte, 1, mod, MODES[mod] ?? ''), lo: 6 },
    {
      ...whole('reg', byte, 1, (value >> 3) & 7, `register ${NAMES32[(value >> 3) & 7]}, or more of the opcode`),
      hi: 5,
      lo: 3,
    },
    { ...whole('rm', byte, 1, rm, mod === 3 ? `register ${register}` : memory), hi: 2 },
  ];
}

function sib(byte: number, value: number): Field[] {
  const index = (value >> 3) & 7;
  const name = (register: number): string => `r${NAMES32[register]?.slice(1)}`;
  return [
    { ...whole('scale', byte, 1, value >> 6, `times ${2 ** (value >> 6)}`), lo: 6 },
    { ...whole('index', byte, 1, index, index === 4 ? 'no index' : name(index)), hi: 5, lo: 3 },
    { ...whole('base', byte, 1, value & 7, name(value & 7)), hi: 2 },
  ];
}
