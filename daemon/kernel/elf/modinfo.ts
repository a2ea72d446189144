/**
 * `.modinfo`: NUL-separated `key=value` strings; and the module's name.
 * Source: kernel/module/main.c get_next_modinfo, setup_load_info, v6.1; find_any_unique_sec, v6.12.
 */
import { LIMIT, SHDR, SHF_ALLOC, SHT_NOBITS } from './constants.ts';
import { checked, quote, refuse } from './fault.ts';
import { readString } from './strings.ts';
import type { Checked, Section } from './types.ts';

const UTF8 = new TextDecoder();

export interface ModuleInfo {
  readonly modinfo: ReadonlyMap<string, readonly string[]>;
  readonly name: string;
}

/** struct module: enum state, list_head, then the name: include/linux/module.h. */
const NAME_AT = 24;
/** MODULE_NAME_LEN, NUL included. */
const NAME_SIZE = 56;
/** Printable, without blank or slash: it becomes a directory in /sys/module. */
const NAME = /^[!-.0-~]{1,55}$/;

export function readModuleInfo(
  bytes: Uint8Array,
  sections: readonly Section[],
  headersAt: number,
): Checked<ModuleInfo> {
  const headerAt = (section: Section): number => headersAt + section.index * SHDR.size;
  const [info, secondInfo] = sections.filter((section) => section.name === '.modinfo');
  if (secondInfo !== undefined) {
    return refuse(headerAt(secondInfo), `section ${secondInfo.index} sh_name`, 'a second .modinfo', 'one');
  }
  const modinfo = info === undefined ? checked(new Map<string, string[]>()) : parse(bytes, info, headerAt(info));
  if (!modinfo.ok) return modinfo;

  const [self, secondSelf] = sections.filter((section) => section.name === '.gnu.linkonce.this_module');
  if (self === undefined) {
    return refuse(headersAt, 'section headers', 'no .gnu.linkonce.this_module', 'exactly one: a kernel module');
  }
  if (secondSelf !== undefined) {
    const field = `section ${secondSelf.index} sh_name`;
    return refuse(headerAt(secondSelf), field, 'a second .gnu.linkonce.this_module', 'exactly one');
  }
  const field = `section ${self.index} (.gnu.linkonce.this_module)`;
  if (self.type === SHT_NOBITS) return refuse(headerAt(self) + 4, `${field} sh_type`, 'SHT_NOBITS', 'SHT_PROGBITS');
  if ((self.flags & SHF_ALLOC) === 0) {
    return refuse(headerAt(self) + SHDR.sh_flags, `${field} sh_flags`, 'no SHF_ALLOC', 'a section that is loaded');
  }
  if (self.size < NAME_AT + NAME_SIZE) {
    const expected = `at least ${NAME_AT + NAME_SIZE} (the name in struct module)`;
    return refuse(headerAt(self) + SHDR.sh_size, `${field} sh_size`, String(self.size), expected);
  }
  const given = modinfo.value.get('name')?.[0];
  const nameAt = self.offset + NAME_AT;
  const name = given ?? readString(bytes.subarray(nameAt, nameAt + NAME_SIZE), 0);
  if (!NAME.test(name)) {
    const [at, where] =
      given === undefined || info === undefined ? [nameAt, `${field} name`] : [info.offset, '.modinfo name'];
    return refuse(at, where, quote(name), '1 to 55 printable characters without blank or slash');
  }
  return checked({ modinfo: modinfo.value, name });
}

function parse(bytes: Uint8Array, section: Section, headerAt: number): Checked<Map<string, string[]>> {
  const field = `section ${section.index} (.modinfo)`;
  if (section.type === SHT_NOBITS) return refuse(headerAt + 4, `${field} sh_type`, 'SHT_NOBITS', 'SHT_PROGBITS');
  if (section.size > LIMIT.modinfo) {
    return refuse(headerAt + SHDR.sh_size, `${field} sh_size`, String(section.size), `at most ${LIMIT.modinfo}`);
  }
  const end = section.offset + section.size;
  if (section.size > 0 && bytes[end - 1] !== 0) {
    return refuse(end - 1, `${field} last byte`, String(bytes[end - 1]), 'NUL');
  }
  const values = new Map<string, string[]>();
  const text = UTF8.decode(bytes.subarray(section.offset, end));
  for (const entry of text.split('\0')) {
    const equals = entry.indexOf('=');
    if (equals < 1) continue;
    const key = entry.slice(0, equals);
    const list = values.get(key);
    if (list === undefined) values.set(key, [entry.slice(equals + 1)]);
    else list.push(entry.slice(equals + 1));
  }
  return checked(values);
}
