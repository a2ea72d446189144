/** Writes ELF files from scratch, for shapes that no toolchain makes: what a hostile file would look like. */
import { EHDR, SHDR } from '../../../daemon/kernel/elf/constants.ts';

export interface NewSection {
  readonly name?: string;
  readonly type: number;
  readonly flags?: number;
  readonly data?: Uint8Array;
  readonly link?: number;
  readonly info?: number;
  readonly entsize?: number;
  /** Instead of the name's own place in the name table. */
  readonly nameAt?: number;
}

/** Sections get the numbers 1, 2, …; the last one, added here, holds the names. `names` replaces its bytes. */
export function buildElf(sections: readonly NewSection[], names?: Uint8Array): Uint8Array {
  const encoder = new TextEncoder();
  const table: number[] = [0];
  const nameAt = sections.map((section) => {
    if (section.name === undefined) return 0;
    const at = table.length;
    table.push(...encoder.encode(section.name), 0);
    return at;
  });
  const nameAtOwn = table.length;
  table.push(...encoder.encode('.shstrtab'), 0);
  const nameBytes = names ?? Uint8Array.from(table);
  const all: readonly NewSection[] = [
    ...sections,
    { type: 3, data: nameBytes, nameAt: names === undefined ? nameAtOwn : 0 },
  ];
  const size = all.reduce((sum, { data }) => sum + (data?.length ?? 0), Number(EHDR.size));
  const headers = Math.ceil(size / 8) * 8;
  const bytes = new Uint8Array(headers + (all.length + 1) * SHDR.size);
  const view = new DataView(bytes.buffer);
  bytes.set([...EHDR.magic, 2, 1, 1]);
  for (const [at, value] of [
    [EHDR.e_type, 1],
    [EHDR.e_machine, 183],
    [EHDR.e_version, 1],
    [EHDR.e_ehsize, EHDR.size],
    [EHDR.e_shentsize, SHDR.size],
    [EHDR.e_shnum, all.length + 1],
    [EHDR.e_shstrndx, all.length],
  ] as const) {
    view.setUint16(at, value, true);
  }
  view.setUint32(EHDR.e_shoff, headers, true);
  let offset: number = EHDR.size;
  for (const [i, section] of all.entries()) {
    const at = headers + (i + 1) * SHDR.size;
    const data = section.data ?? new Uint8Array(0);
    bytes.set(data, offset);
    for (const [field, value] of [
      [SHDR.sh_name, section.nameAt ?? nameAt[i] ?? 0],
      [SHDR.sh_type, section.type],
      [SHDR.sh_flags, section.flags ?? 0],
      [SHDR.sh_offset, offset],
      [SHDR.sh_size, data.length],
      [SHDR.sh_link, section.link ?? 0],
      [SHDR.sh_info, section.info ?? 0],
      [SHDR.sh_addralign, 1],
      [SHDR.sh_entsize, section.entsize ?? 0],
    ] as const) {
      view.setUint32(at + field, value, true);
    }
    offset += data.length;
  }
  return bytes;
}
