/** Which machine is meant: the options that say so, and the fields of `boot` that they come to. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { CommandOf } from '../../protocol/commands.ts';
import { FLAVOURS, type Flavour, type MachineProfile } from '../../protocol/profile.ts';
import { parseSystemMap } from '../../protocol/system-map.ts';
import { bitmap, oneOf } from './arguments.ts';
import { CliFailure, fileFailure, usage } from './failure.ts';
import type { Output } from './output.ts';

export interface MachineOptions {
  readonly preset?: string;
  readonly profile?: string;
  readonly systemMap?: string;
  readonly kallsyms?: string;
  readonly arch?: MachineProfile['arch'];
  readonly layout?: MachineProfile['layout'];
  readonly pageSize?: string;
  readonly kallsymsAll?: true;
  readonly erratum?: readonly string[];
  readonly cpuCaps?: string;
  readonly staticCall?: Flavour;
}

export type MachineFields = Omit<CommandOf<'boot'>, 'type' | 'kaslrSeed'>;
type Profile = NonNullable<MachineFields['profile']>;

/** Adds them to a command. */
export function machineOptions(command: Command): Command {
  return command
    .option('--preset <name>', 'a machine that the daemon knows, such as arm64-6.1')
    .option('--profile <file>', 'a machine profile (JSON), or a scenario whose machine is taken')
    .option('--system-map <file>', "a kernel's System.map")
    .option('--kallsyms <file>', "a copy of a running kernel's /proc/kallsyms, read as root")
    .option('--arch <arch>', 'arm64 or x86-64', oneOf(['arm64', 'x86-64']))
    .option(
      '--layout <version>',
      "whose loader's rules apply: linux-6.1 or linux-6.12",
      oneOf(['linux-6.1', 'linux-6.12']),
    )
    .option(
      '--page-size <bytes>',
      '4096, 16384 or 65536; with a map 4096 unless told',
      oneOf(['4096', '16384', '65536']),
    )
    .option('--kallsyms-all', 'the kernel has CONFIG_KALLSYMS_ALL; --kallsyms tells by itself')
    .option('--erratum <number...>', 'an erratum whose workaround is active: 843419')
    .option('--cpu-caps <bitmap>', 'CPU capabilities, hex, bit n = capability n', bitmap)
    .option('--static-call <flavour>', `how static calls are done: ${FLAVOURS.join(', ')}`, oneOf(FLAVOURS));
}

/** The command's fields, from files that are read here. What they say of a machine the kernel checks. */
export async function machineFields(out: Output, options: MachineOptions): Promise<MachineFields> {
  const sources = [options.profile, options.systemMap, options.kallsyms].filter((file) => file !== undefined);
  if (sources.length > 1) throw usage('--profile, --system-map and --kallsyms exclude one another');
  const mapFile = options.systemMap ?? options.kallsyms;
  let profile: Profile = {};
  if (options.profile !== undefined) profile = await readProfile(options.profile);
  if (mapFile !== undefined) profile = await readMap(out, mapFile, options);
  profile = {
    ...profile,
    ...(options.arch && { arch: options.arch }),
    ...(options.layout && { layout: options.layout }),
    ...(options.pageSize && { pageSize: Number(options.pageSize) as MachineProfile['pageSize'] }),
    ...(options.kallsymsAll && { kallsymsAll: true }),
    ...(options.erratum && { errata: [...options.erratum] }),
    ...(options.staticCall && { staticCall: options.staticCall }),
    ...(options.cpuCaps && { cpuCaps: options.cpuCaps }),
  };
  const isInvented = sources.length === 0 && options.preset === undefined;
  if (isInvented && Object.keys(profile).length > 0) profile = { arch: 'arm64', layout: 'linux-6.1', ...profile };
  return {
    ...(options.preset !== undefined && { preset: options.preset }),
    ...(Object.keys(profile).length > 0 && { profile }),
  };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw fileFailure(file, error);
  }
}

/** The daemon checks what is in it; here it only has to be an object. */
async function readProfile(file: string): Promise<Profile> {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  let value: unknown;
  try {
    value = JSON.parse(await readText(file));
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw usage(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(value)) throw usage(`${file}: expected a machine profile or a scenario, a JSON object`);
  const profile = 'machine' in value ? value.machine : value;
  if (!isObject(profile)) throw usage(`${file}: expected an object as "machine"`);
  return profile as Profile;
}

async function readMap(out: Output, file: string, options: MachineOptions): Promise<Profile> {
  const read = parseSystemMap(await readText(file));
  if (!read.ok) throw usage(`${file}: ${read.message}`);
  const { kernel, symbols, gplOnly, namesData, notes } = read.map;
  for (const note of notes) out.note(`${file}: ${note}`);
  if (options.layout === undefined) {
    throw usage(`${file} does not tell the loader's rules: add --layout linux-6.1 or linux-6.12`);
  }
  const kallsymsAll = options.kallsyms !== undefined && namesData;
  const arch = options.arch ?? (kernel.text >= '0xffffffff80000000' ? 'x86-64' : 'arm64');
  // Whole, so that nothing of an invented kernel shines through: its version magic would refuse this kernel's modules.
  return {
    arch,
    layout: options.layout,
    pageSize: 4096,
    kallsymsAll,
    kernel,
    symbols,
    ...(gplOnly && { gplOnly: [...gplOnly] }),
  };
}
