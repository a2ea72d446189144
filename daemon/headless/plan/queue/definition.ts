/** What a sweep is about, as blobs in Redis: the modules by their sha256, and one blob that names them and the machine. */
import type { BlobStore } from '../../../log/blobs.ts';
import { openRedisBlobs } from '../../../log/blobs-redis.ts';
import { StoreError } from '../../../log/errors.ts';
import { connectRedis } from '../../../log/redis-client.ts';
import { RunError } from '../../run-error.ts';
import type { BootFields, PlanInput, PlanModule } from '../input.ts';

const FORMAT = 'veneerd/sweep-input@1';

interface Definition {
  readonly format: typeof FORMAT;
  readonly boot: BootFields;
  readonly modules: readonly { readonly file: string; readonly sha256: string }[];
}

export interface OpenBlobs {
  readonly blobs: BlobStore;
  close(): void;
}

/** Rejects with a RunError where Redis can't be reached. */
export async function openBlobs(url: string): Promise<OpenBlobs> {
  const client = await connectRedis(url).catch(asRunError);
  return { blobs: openRedisBlobs(client), close: () => client.disconnect() };
}

export function asRunError(error: unknown): never {
  throw error instanceof StoreError ? new RunError(error.message) : error;
}

/** Stores what is not there yet; gives the sha256 of the definition. */
export async function storeSweep({ boot, modules }: PlanInput, blobs: BlobStore): Promise<string> {
  for (const { sha256, bytes } of modules) if (!(await blobs.has(sha256))) await blobs.put(bytes);
  const definition: Definition = {
    format: FORMAT,
    boot,
    modules: modules.map(({ file, sha256 }) => ({ file, sha256 })),
  };
  return blobs.put(Buffer.from(JSON.stringify(definition)));
}

/** The boot fields are checked when the machine boots. Rejects with a RunError that names the blob. */
export async function fetchSweep(sweep: string, blobs: BlobStore): Promise<PlanInput> {
  const text = await blobs.get(sweep);
  if (!text) throw new RunError(`Redis has no sweep ${sweep} any more`);
  const definition: Definition = JSON.parse(Buffer.from(text).toString('utf8'));
  if (definition.format !== FORMAT) throw new RunError(`the blob ${sweep} is no ${FORMAT}`);
  const modules: PlanModule[] = [];
  for (const { file, sha256 } of definition.modules) {
    const bytes = await blobs.get(sha256);
    if (!bytes) throw new RunError(`Redis has no blob ${sha256} of ${file} any more`);
    modules.push({ file, sha256, bytes });
  }
  return { boot: definition.boot, modules };
}
