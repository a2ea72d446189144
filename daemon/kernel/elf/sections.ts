/**
 * Section headers: every offset, size, link and name inside the file, nothing on top of another.
 * Source: gABI 4 "Sections"; kernel/module/main.c elf_validity_check, v6.1, and elf_validity_cache_*, v6.12.
 */
import {
  EHDR,
  LIMIT,
  SHDR,
  SHF_ALLOC,
  SHF_COMPRESSED,
  SHF_INFO_LINK,
  SHF_LINK_ORDER,
  SHT_NOBITS,
  SHT_NULL,
  SHT_REL,
  SHT_RELA,
} from './constants.ts';
import { checked, hex, hex64, quote, refuse, u64 } from './fault.ts';
import type { SectionHeaders } from './header.ts';
import { checkStrings, readName } from './strings.ts';
import type { Checked, Section } from './types.ts';

export function readSections(bytes: Uint8Array, view: DataView, headers: SectionHeaders): Checked<readonly Section[]> {
  const headerAt = (index: number): number => headers.offset + index * SHDR.size;
  const first = headers.offset;
  for (const [at, field, value] of [
    [first + SHDR.sh_type, 'sh_type', view.getUint32(first + SHDR.sh_type, true)],
    [first + SHDR.sh_addr, 'sh_addr', u64(view, first + SHDR.sh_addr)],
    [first + SHDR.sh_size, 'sh_size', u64(view, first + SHDR.sh_size)],
  ] as const) {
    if (value !== 0) return refuse(at, `section 0 ${field}`, hex(value), '0');
  }

  const namesHeader = readSection(view, headers, headers.names, 'section names');
  if (!namesHeader.ok) return namesHeader;
  const names = checkStrings(bytes, namesHeader.value, headerAt(headers.names));
  if (!names.ok) return names;

  const sections: Section[] = [];
  let nameBytes = 0;
  for (let index = 0; index < headers.count; index++) {
    const at = headerAt(index);
    const nameAt = view.getUint32(at + SHDR.sh_name, true);
    let name = '';
    if (view.getUint32(at + SHDR.sh_type, true) !== SHT_NULL) {
      if (nameAt >= names.value.size) {
        return refuse(at, `section ${index} sh_name`, hex(nameAt), `below ${hex(names.value.size)} (the name table)`);
      }
      name = readName(bytes, names.value.offset + nameAt);
      nameBytes += name.length;
      if (nameBytes > LIMIT.names) {
        return refuse(at, `section ${index} sh_name`, `names of ${nameBytes} bytes`, `at most ${LIMIT.names} in all`);
      }
    }
    const section = readSection(view, headers, index, name);
    if (!section.ok) return section;
    sections.push(section.value);
  }
  const links = checkLinkOrder(sections, headerAt);
  if (!links.ok) return links;
  return checkOverlap(sections, headers, headerAt);
}

/** A section whose header is being read. */
interface Header {
  readonly at: number;
  readonly index: number;
  readonly name: string;
}

function refuseHeader(
  { at, index, name }: Header,
  field: keyof typeof SHDR,
  found: string,
  expected: string,
): ReturnType<typeof refuse> {
  return refuse(at + SHDR[field], `section ${index} (${quote(name).slice(1, -1)}) ${field}`, found, expected);
}

function readSection(view: DataView, headers: SectionHeaders, index: number, name: string): Checked<Section> {
  const at = headers.offset + index * SHDR.size;
  const header = { at, index, name };
  const type = view.getUint32(at + SHDR.sh_type, true);
  const flags = view.getUint32(at + SHDR.sh_flags, true);
  if (view.getUint32(at + SHDR.sh_flags + 4, true) !== 0) {
    return refuseHeader(header, 'sh_flags', hex64(view, at + SHDR.sh_flags), 'no bit above 31');
  }
  const alloc = (flags & SHF_ALLOC) !== 0;
  if (alloc && (flags & SHF_COMPRESSED) !== 0) {
    return refuseHeader(header, 'sh_flags', hex(flags), 'a section that is loaded, without SHF_COMPRESSED');
  }
  const offset = u64(view, at + SHDR.sh_offset);
  const size = u64(view, at + SHDR.sh_size);
  const length = view.byteLength;
  if (type === SHT_NULL) {
    if (alloc) return refuseHeader(header, 'sh_flags', hex(flags), 'no SHF_ALLOC on SHT_NULL');
  } else if (type === SHT_NOBITS) {
    if (size > LIMIT.sectionSize) {
      return refuseHeader(header, 'sh_size', hex64(view, at + SHDR.sh_size), `at most ${hex(LIMIT.sectionSize)}`);
    }
  } else if (offset > length) {
    return refuseHeader(
      header,
      'sh_offset',
      hex64(view, at + SHDR.sh_offset),
      `at most ${hex(length)} (the file's size)`,
    );
  } else if (size > length - offset) {
    return refuseHeader(
      header,
      'sh_size',
      hex64(view, at + SHDR.sh_size),
      `at most ${hex(length - offset)} (the file ends at ${hex(length)})`,
    );
  }
  const align = u64(view, at + SHDR.sh_addralign);
  if (align > LIMIT.align || (align > 1 && (align & (align - 1)) !== 0)) {
    return refuseHeader(
      header,
      'sh_addralign',
      hex64(view, at + SHDR.sh_addralign),
      `0 or a power of two of at most ${hex(LIMIT.align)}`,
    );
  }
  const link = view.getUint32(at + SHDR.sh_link, true);
  if (link >= headers.count) return refuseHeader(header, 'sh_link', hex(link), `below ${headers.count} (a section)`);
  const info = view.getUint32(at + SHDR.sh_info, true);
  const infoIsSection = type === SHT_RELA || type === SHT_REL || (flags & SHF_INFO_LINK) !== 0;
  if (infoIsSection && info >= headers.count)
    return refuseHeader(header, 'sh_info', hex(info), `below ${headers.count} (a section)`);
  const entsize = u64(view, at + SHDR.sh_entsize);
  return checked({ index, name, type, flags, offset, size, align: Math.max(align, 1), link, info, entsize });
}

/** SHF_LINK_ORDER chains end: a section ordered by another that is ordered by the first has no order. */
function checkLinkOrder(sections: readonly Section[], headerAt: (index: number) => number): Checked<undefined> {
  /** The walk (numbered by where it started) that came through each section; no walk goes through one twice. */
  let walk: Int32Array | undefined;
  for (const start of sections) {
    let section = orderedBy(sections, start);
    // Most chains end at once.
    if (section === undefined || orderedBy(sections, section) === undefined) continue;
    walk ??= new Int32Array(sections.length).fill(-1);
    for (section = start; section !== undefined; section = orderedBy(sections, section)) {
      if (walk[section.index] === start.index) {
        const field = `section ${section.index} (${section.name}) sh_link`;
        const at = headerAt(section.index) + SHDR.sh_link;
        return refuse(at, field, String(section.link), 'a chain of SHF_LINK_ORDER that ends');
      }
      if (walk[section.index] !== -1) break;
      walk[section.index] = start.index;
    }
  }
  return checked(undefined);
}

/** The section by which this one is ordered. */
function orderedBy(sections: readonly Section[], { flags, link }: Section): Section | undefined {
  return (flags & SHF_LINK_ORDER) !== 0 && link !== 0 ? sections[link] : undefined;
}

/** The most sections that a file has: e_shnum has 16 bits. */
const SECTIONS = 2 ** 16;
/** What checkOverlap sorts, for files with no more sections than they mostly have. */
const HELD = new Float64Array(256);

/** No two sections with bytes in the file share any, nor does one share with the headers. */
function checkOverlap(
  sections: readonly Section[],
  headers: SectionHeaders,
  headerAt: (index: number) => number,
): Checked<readonly Section[]> {
  const table = { start: headers.offset, end: headers.offset + headers.count * SHDR.size };
  // By offset, then by index: sorted as numbers. Offsets are below the file's length, so both fit.
  const held = sections.length <= HELD.length ? HELD : new Float64Array(sections.length);
  let count = 0;
  for (const { index, type, offset, size } of sections) {
    if (type !== SHT_NULL && type !== SHT_NOBITS && size > 0) held[count++] = offset * SECTIONS + index;
  }
  let end: number = EHDR.size;
  let before: Section | undefined;
  for (const key of held.subarray(0, count).sort()) {
    const section = sections[key % SECTIONS] as Section;
    if (section.offset < end || (section.offset < table.end && section.offset + section.size > table.start)) {
      const at = headerAt(section.index) + SHDR.sh_offset;
      const field = `section ${section.index} (${section.name}) sh_offset`;
      if (section.offset < end) {
        const owner = before === undefined ? 'the ELF header' : `section ${before.index} (${before.name})`;
        return refuse(at, field, hex(section.offset), `at least ${hex(end)}: ${owner} ends there`);
      }
      const expected = `nothing in ${hex(table.start)} to ${hex(table.end)}: the section headers`;
      return refuse(at, field, `${hex(section.offset)}, ${section.size} bytes`, expected);
    }
    end = section.offset + section.size;
    before = section;
  }
  return checked(sections);
}
