/** What `/proc/version`, `/proc/cmdline`, `/proc/cpuinfo`, `/proc/iomem` and a kernel's config file say of a machine. */
import type { Layout, MachineProfile } from '../profile.ts';
import { address, fault, linesOf, type Parsed } from './text.ts';

/** `Linux version RELEASE (…) …` */
export function releaseOf(version: string): string | undefined {
  return /^Linux version ([^\s]{1,64})(?:\s|$)/.exec(version)?.[1];
}

/** Whose loader's rules apply: memory types came with 6.4. `exact`: rules that were read from that very version. */
export function layoutOf(release: string): { readonly layout: Layout; readonly exact: boolean } | undefined {
  const [, major = '', minor = ''] = /^(\d{1,3})\.(\d{1,4})(?:[^\d]|$)/.exec(release) ?? [];
  if (major === '') return undefined;
  const version = Number(major) * 10_000 + Number(minor);
  return {
    layout: version < 60_004 ? 'linux-6.1' : 'linux-6.12',
    exact: version === 60_001 || version === 60_012,
  };
}

export function archOf(cpuinfo: string): MachineProfile['arch'] | undefined {
  if (/^CPU implementer\s*:/m.test(cpuinfo)) return 'arm64';
  return /^vendor_id\s*:/m.test(cpuinfo) ? 'x86-64' : undefined;
}

/**
 * Whether the workaround for erratum 843419 is active: a Cortex-A53 up to r0p3 or a Kryo 2xx Silver rAp4 among the CPUs
 * (arch/arm64/kernel/cpu_errata.c). Undefined for an r0p4: its REVIDR says, and is not shown here.
 */
export function erratum843419(cpuinfo: string): boolean | undefined {
  const field = (name: string) =>
    [...cpuinfo.matchAll(new RegExp(`^CPU ${name}\\s*: (\\S+)`, 'gm'))].map((m) => Number(m[1]));
  const [implementer, part, variant, revision] = ['implementer', 'part', 'variant', 'revision'].map(field);
  let affected: boolean | undefined = false;
  for (const [cpu, who] of (implementer ?? []).entries()) {
    const [p, v, r] = [part?.[cpu], variant?.[cpu], revision?.[cpu] ?? 0];
    if (who === 0x51 && p === 0x801 && v === 0xa && r === 4) return true;
    if (who !== 0x41 || p !== 0xd03 || v !== 0 || r > 4) continue;
    if (r < 4) return true;
    affected = undefined;
  }
  return affected;
}

/** Physical ranges of the kernel's image: code from `_stext` on, and where its data ends. */
export interface ImageRange {
  readonly code: number;
  /** Past the last byte of the last range that is called the kernel's. */
  readonly end: number;
}

/** Undefined where it names no kernel code, or shows zeros, as it does to a plain user. */
export function parseIomem(text: string): Parsed<ImageRange | undefined> {
  let code: number | undefined;
  let end: number | undefined;
  for (const [number, line] of linesOf(text)) {
    if (line.trim() === '') continue;
    const [, from, to, name] = /^\s*([0-9a-f]{1,16})-([0-9a-f]{1,16}) : (.*)$/.exec(line) ?? [];
    if (from === undefined || to === undefined || name === undefined) return fault(number, '"START-END : NAME"', line);
    if (name === 'Kernel code') code = address(from);
    if (/^Kernel (code|rodata|data|bss)$/.test(name)) end = address(to) + 1;
  }
  const known = code !== undefined && end !== undefined && code > 0 && end > code;
  return { ok: true, value: known ? { code: code ?? 0, end: end ?? 0 } : undefined };
}

export type Config = ReadonlyMap<string, string>;

/** `CONFIG_NAME=value` lines; what is not set is absent. */
export function parseConfig(text: string): Parsed<Config> {
  const config = new Map<string, string>();
  for (const [number, line] of linesOf(text)) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name, value] = /^(CONFIG_[A-Za-z0-9_]+)=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return fault(number, '"CONFIG_NAME=value" or a comment', line);
    config.set(name, value);
  }
  return { ok: true, value: config };
}
