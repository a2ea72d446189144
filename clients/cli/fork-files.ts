/** Module files on their way to a fork: those of the source that the daemon lacks, and those that the fork adds. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { moduleNameOf } from '../../daemon/modules/name.ts';
import type { AddedLoad, LoadedFile } from '../../protocol/fork.ts';
import type { Client } from '../sdk/types.ts';
import type { Context } from './context.ts';
import { CliFailure, EXIT, fileFailure } from './failure.ts';
import type { AddedFile } from './fork-changes.ts';
import { counted } from './format/number.ts';
import { plain } from './format/plain.ts';
import { type ModuleFolder, openModuleFolder } from './modules/folder.ts';
import { progress } from './progress.ts';

/** Uploads from `sources` what the daemon lacks. What they lack, too, is named all at once. */
export async function uploadMissing(
  { out }: Context,
  client: Client,
  files: readonly LoadedFile[],
  sources: readonly string[],
): Promise<void> {
  const missing = files.filter(({ stored }) => !stored);
  if (missing.length === 0) return;
  const folders: ModuleFolder[] = [];
  for (const source of sources) folders.push(await openModuleFolder(source));
  const lacking: string[] = [];
  const bar = progress(missing.length, 'module files');
  try {
    for (const [index, { sha256, file }] of missing.entries()) {
      bar.update(index, file ?? sha256);
      const packed = file === null ? undefined : await findFile(folders, file, sha256);
      if (packed) await client.upload(packed, basename(file ?? ''));
      else lacking.push(`  ${file ?? 'a module'}  sha256 ${sha256}`);
    }
  } finally {
    bar.stop();
  }
  out.note(`${counted(missing.length - lacking.length, 'module file')} uploaded`);
  if (lacking.length === 0) return;
  const list = `${counted(lacking.length, 'module file is', 'module files are')} in none of ${sources.join(', ')}`;
  throw new CliFailure(EXIT.usage, 'no-such-blob', plain(list) + lacking.map((each) => `\n${plain(each)}`).join(''));
}

/** The file of that sha256 among those of that name. */
async function findFile(
  folders: readonly ModuleFolder[],
  file: string,
  sha256: string,
): Promise<Uint8Array | undefined> {
  const { decompressModule } = await import('../../daemon/modules/decompress.ts');
  for (const folder of folders) {
    const path = folder.files.get(moduleNameOf(file));
    const packed = path === undefined ? undefined : await folder.read(path);
    if (packed === undefined) continue;
    const bytes = await decompressModule(packed, { name: path ?? file });
    if (createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
  }
  return undefined;
}

/** In the order given. */
export async function uploadAdded(client: Client, files: readonly AddedFile[]): Promise<AddedLoad[]> {
  const added: AddedLoad[] = [];
  for (const { path, ...where } of files) {
    const bytes = await readFile(path).catch((error: unknown) => {
      throw fileFailure(path, error);
    });
    const file = basename(path);
    added.push({ blob: (await client.upload(bytes, file)).sha256, file, ...where });
  }
  return added;
}
