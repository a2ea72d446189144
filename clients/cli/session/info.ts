/** `veneer session info`. */
import type { Survey } from '../../../daemon/headless/session/survey.ts';
import { moment } from '../../../protocol/moment.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../failure.ts';
import { count, counted } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import type { Output } from '../output.ts';
import { faultWords, survey } from './survey.ts';

export async function info(context: Context, files: readonly string[]): Promise<ExitCode> {
  const { out } = context;
  let whole = true;
  for (const file of files) {
    const found = await survey(context, file);
    whole &&= found.state === 'whole';
    await out.value({ file, ...found });
    describe(out, file, found);
  }
  return whole ? EXIT.ok : EXIT.refused;
}

function describe({ print, paint }: Output, file: string, found: Survey): void {
  const { header, range, time, digest } = found;
  print(paint.bold(plain(file)));
  const row = (name: string, value: string): void => print(`  ${name.padEnd(9)} ${plain(value)}`);
  if (header !== null) {
    row('machine', header.machine + (header.epoch === undefined ? '' : ` @ ${header.epoch}`));
    if (header.about !== undefined) row('about', header.about);
    if (header.by !== undefined) row('made by', header.by);
    if (header.profile !== undefined) row('kernel', kernelWords(header.profile));
  }
  row('commits', range === null ? 'none' : `${count(found.commits)}, ${range[0]} to ${range[1]}`);
  if (time !== null) row('time', `${moment(time[0])} to ${moment(time[1])}`);
  const { loads, unloads, failures, modules } = found;
  row(
    'modules',
    `${counted(loads, 'load')}, ${counted(unloads, 'unload')}, ${count(failures)} refused${atEnd(modules)}`,
  );
  if (digest !== null)
    row('digest', `${digest}${found.digestChecked ? '' : ' (not checked: its beginning is elsewhere)'}`);
  const fault = faultWords(file, found);
  row('state', found.state === 'cut-off' ? 'cut off' : found.state);
  if (fault !== undefined) print(paint.red(`  ${plain(fault)}`));
}

const atEnd = (modules: number | null): string => (modules === null ? '' : `; ${count(modules)} loaded at the end`);

function kernelWords(profile: NonNullable<NonNullable<Survey['header']>['profile']>): string {
  const { host, release, arch, layout, pageSize, flavour, kaslrSeed } = profile;
  const words = [
    host ? 'a running host' : 'simulated',
    release,
    arch,
    layout,
    pageSize === undefined ? undefined : `${pageSize / 1024} KiB pages`,
    flavour === undefined ? undefined : `static calls ${flavour}`,
    kaslrSeed === undefined ? undefined : `KASLR seed ${kaslrSeed}`,
  ];
  return words.filter((word) => word !== undefined).join(', ');
}
