/**
 * Relocation types of AArch64 modules, and what each does to its place.
 * Source: ELF for the Arm 64-bit Architecture (IHI 0056), "Relocation"; arch/arm64/include/asm/elf.h and arch/arm64/kernel/module.c, v6.1.
 */
import { fieldMask, fieldOf, INSN, type Insn } from './insn.ts';

export const R_ADR_PREL_PG_HI21 = 275;
export const R_ADR_PREL_PG_HI21_NC = 276;
export const R_JUMP26 = 282;
export const R_CALL26 = 283;

/** What is put into the place: nothing, S+A, S+A-P, or the distance of their pages. */
export const OP_NONE = 0;
export const OP_ABS = 1;
export const OP_PREL = 2;
export const OP_PAGE = 3;

/** How it is put there. 0 is a type that the kernel doesn't know. */
export const KIND_NOTHING = 1;
export const KIND_DATA64 = 2;
export const KIND_DATA32 = 3;
export const KIND_DATA16 = 4;
/** MOVK or MOVZ as it stands; the value counts as unsigned. */
export const KIND_MOVW = 5;
/** The value's sign makes the instruction a MOVN or a MOVZ. */
export const KIND_MOVNZ = 6;
export const KIND_IMM = 7;
export const KIND_ADR = 8;
export const KIND_ADRP = 9;
export const KIND_BRANCH = 10;

export interface RelocType {
  readonly type: number;
  readonly name: string;
  readonly op: number;
  readonly kind: number;
  /** Bytes that change. */
  readonly width: number;
  /** The value is shifted right by `lsb`, then its low `len` bits are used. */
  readonly lsb: number;
  readonly len: number;
  /** False for the types whose overflow the kernel lets pass. */
  readonly checked: boolean;
  readonly insn?: Insn;
  readonly field?: string;
}

const none = (type: number, name: string): RelocType =>
  ({ type, name, op: OP_NONE, kind: KIND_NOTHING, width: 0, lsb: 0, len: 0, checked: true }) as const;

const data = (type: number, name: string, op: number, len: 16 | 32 | 64): RelocType => {
  const kind = len === 64 ? KIND_DATA64 : len === 32 ? KIND_DATA32 : KIND_DATA16;
  return { type, name, op, kind, width: len / 8, lsb: 0, len, checked: len !== 64 };
};

const movw = (type: number, name: string, op: number, lsb: number, kind: number, checked = true): RelocType => ({
  type,
  name,
  op,
  kind,
  width: 4,
  lsb,
  len: 16,
  checked,
  insn: INSN.movz,
  field: 'imm',
});

const imm = (
  type: number,
  name: string,
  op: number,
  lsb: number,
  len: number,
  insn: Insn,
  field: string,
): RelocType => {
  const kind = insn === INSN.adr ? KIND_ADR : insn === INSN.adrp ? KIND_ADRP : insn === INSN.b ? KIND_BRANCH : KIND_IMM;
  return { type, name, op, kind, width: 4, lsb, len, checked: !name.endsWith('_NC'), insn, field };
};

/** Every type that `apply_relocate_add` knows. */
export const RELOC_TYPES: readonly RelocType[] = [
  none(0, 'R_ARM_NONE'),
  none(256, 'R_AARCH64_NONE'),
  data(257, 'R_AARCH64_ABS64', OP_ABS, 64),
  data(258, 'R_AARCH64_ABS32', OP_ABS, 32),
  data(259, 'R_AARCH64_ABS16', OP_ABS, 16),
  data(260, 'R_AARCH64_PREL64', OP_PREL, 64),
  data(261, 'R_AARCH64_PREL32', OP_PREL, 32),
  data(262, 'R_AARCH64_PREL16', OP_PREL, 16),
  movw(263, 'R_AARCH64_MOVW_UABS_G0', OP_ABS, 0, KIND_MOVW),
  movw(264, 'R_AARCH64_MOVW_UABS_G0_NC', OP_ABS, 0, KIND_MOVW, false),
  movw(265, 'R_AARCH64_MOVW_UABS_G1', OP_ABS, 16, KIND_MOVW),
  movw(266, 'R_AARCH64_MOVW_UABS_G1_NC', OP_ABS, 16, KIND_MOVW, false),
  movw(267, 'R_AARCH64_MOVW_UABS_G2', OP_ABS, 32, KIND_MOVW),
  movw(268, 'R_AARCH64_MOVW_UABS_G2_NC', OP_ABS, 32, KIND_MOVW, false),
  movw(269, 'R_AARCH64_MOVW_UABS_G3', OP_ABS, 48, KIND_MOVW, false),
  movw(270, 'R_AARCH64_MOVW_SABS_G0', OP_ABS, 0, KIND_MOVNZ),
  movw(271, 'R_AARCH64_MOVW_SABS_G1', OP_ABS, 16, KIND_MOVNZ),
  movw(272, 'R_AARCH64_MOVW_SABS_G2', OP_ABS, 32, KIND_MOVNZ),
  imm(273, 'R_AARCH64_LD_PREL_LO19', OP_PREL, 2, 19, INSN.ldrLiteral, 'target'),
  imm(274, 'R_AARCH64_ADR_PREL_LO21', OP_PREL, 0, 21, INSN.adr, 'target'),
  imm(R_ADR_PREL_PG_HI21, 'R_AARCH64_ADR_PREL_PG_HI21', OP_PAGE, 12, 21, INSN.adrp, 'target'),
  imm(R_ADR_PREL_PG_HI21_NC, 'R_AARCH64_ADR_PREL_PG_HI21_NC', OP_PAGE, 12, 21, INSN.adrp, 'target'),
  imm(277, 'R_AARCH64_ADD_ABS_LO12_NC', OP_ABS, 0, 12, INSN.add, 'imm'),
  imm(278, 'R_AARCH64_LDST8_ABS_LO12_NC', OP_ABS, 0, 12, INSN.ldr, 'imm'),
  imm(279, 'R_AARCH64_TSTBR14', OP_PREL, 2, 14, INSN.tbz, 'target'),
  imm(280, 'R_AARCH64_CONDBR19', OP_PREL, 2, 19, INSN.bcond, 'target'),
  imm(R_JUMP26, 'R_AARCH64_JUMP26', OP_PREL, 2, 26, INSN.b, 'target'),
  imm(R_CALL26, 'R_AARCH64_CALL26', OP_PREL, 2, 26, INSN.b, 'target'),
  imm(284, 'R_AARCH64_LDST16_ABS_LO12_NC', OP_ABS, 1, 11, INSN.ldr, 'imm'),
  imm(285, 'R_AARCH64_LDST32_ABS_LO12_NC', OP_ABS, 2, 10, INSN.ldr, 'imm'),
  imm(286, 'R_AARCH64_LDST64_ABS_LO12_NC', OP_ABS, 3, 9, INSN.ldr, 'imm'),
  movw(287, 'R_AARCH64_MOVW_PREL_G0', OP_PREL, 0, KIND_MOVNZ),
  movw(288, 'R_AARCH64_MOVW_PREL_G0_NC', OP_PREL, 0, KIND_MOVW, false),
  movw(289, 'R_AARCH64_MOVW_PREL_G1', OP_PREL, 16, KIND_MOVNZ),
  movw(290, 'R_AARCH64_MOVW_PREL_G1_NC', OP_PREL, 16, KIND_MOVW, false),
  movw(291, 'R_AARCH64_MOVW_PREL_G2', OP_PREL, 32, KIND_MOVNZ),
  movw(292, 'R_AARCH64_MOVW_PREL_G2_NC', OP_PREL, 32, KIND_MOVW, false),
  movw(293, 'R_AARCH64_MOVW_PREL_G3', OP_PREL, 48, KIND_MOVNZ, false),
  imm(299, 'R_AARCH64_LDST128_ABS_LO12_NC', OP_ABS, 4, 8, INSN.ldr, 'imm'),
];

/** The same as columns for the hot loop; types above TYPE_LIMIT have kind 0. */
const TYPES = 1024;
export const TYPE_LIMIT = TYPES - 1;
export const KIND = new Uint8Array(TYPES);
export const OP = new Uint8Array(TYPES);
export const WIDTH = new Uint8Array(TYPES);
export const LSB = new Uint8Array(TYPES);
export const CHECKED = new Uint8Array(TYPES);
/** The low `len` bits. */
export const VALUE_MASK = new Int32Array(TYPES);
/** The instruction's bits that are not the field's. */
export const KEEP_MASK = new Int32Array(TYPES);
export const FIELD_SHIFT = new Uint8Array(TYPES);
/** A signed value overflows unless it is in [-LIMIT, LIMIT). */
export const LIMIT = new Float64Array(TYPES);

for (const t of RELOC_TYPES) {
  KIND[t.type] = t.kind;
  OP[t.type] = t.op;
  WIDTH[t.type] = t.width;
  LSB[t.type] = t.lsb;
  CHECKED[t.type] = t.checked ? 1 : 0;
  VALUE_MASK[t.type] = t.len >= 32 ? -1 : (1 << t.len) - 1;
  LIMIT[t.type] = 2 ** (t.lsb + t.len - 1);
  if (t.insn && t.field) {
    KEEP_MASK[t.type] = ~fieldMask(t.insn, t.field);
    FIELD_SHIFT[t.type] = fieldOf(t.insn, t.field).runs[0]?.shift ?? 0;
  }
}
