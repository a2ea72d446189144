/** `veneer session validate`. */
import { STDIN } from '../../../daemon/headless/session/file.ts';
import type { Survey } from '../../../daemon/headless/session/survey.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, usage } from '../failure.ts';
import { counted } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { newFile } from './make.ts';
import { faultWords, survey } from './survey.ts';

export interface ValidateOptions {
  readonly salvage?: string;
  readonly force?: true;
}

export async function validate(
  context: Context,
  files: readonly string[],
  { salvage, force }: ValidateOptions,
): Promise<ExitCode> {
  const [first] = files;
  if (salvage !== undefined && (files.length > 1 || first === STDIN)) {
    throw usage('--salvage takes one file, which is read twice');
  }
  const { out } = context;
  let whole = true;
  for (const file of files) {
    const found =
      salvage === undefined ? await survey(context, file) : await rescue(context, file, salvage, force === true);
    whole &&= found.state === 'whole';
    await out.value({ file, ...found });
    const fault = faultWords(file, found);
    if (fault !== undefined) {
      out.error(plain(fault));
      out.print(plain(`${file}: ${counted(found.commits, 'whole commit')} before that`));
    } else {
      out.print(
        plain(`${file}: whole, ${counted(found.commits, 'commit')}, digest ${found.digest}${unchecked(found)}`),
      );
    }
  }
  return whole ? EXIT.ok : EXIT.refused;
}

const unchecked = ({ digestChecked }: Survey): string =>
  digestChecked ? '' : ' (not checked: its beginning is elsewhere; merge checks it)';

/** Of a file that is whole nothing is written. */
async function rescue(context: Context, file: string, salvage: string, force: boolean): Promise<Survey> {
  const kept = await newFile(salvage, force);
  try {
    const found = await survey(context, file, kept);
    if (found.state === 'whole') {
      context.out.note(`${salvage} was not written: the file is whole`);
    } else if (found.digest === null) {
      throw usage(`${faultWords(file, found)}: nothing can be kept of it${whyNot(found)}`);
    } else {
      await kept.finish();
      await kept.publish();
      context.out.note(`${salvage}: ${counted(found.commits, 'commit')} kept, digest ${found.digest}`);
    }
    return found;
  } finally {
    await kept.discard();
  }
}

function whyNot({ header }: Survey): string {
  return header === null ? '' : '; a footer names a digest, which begins with what comes before this segment';
}
