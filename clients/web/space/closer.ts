/** What is asked for only when somebody looks closely: sections of the modules in sight, and instructions. */
import { computed, effect } from '@preact/signals';
import { fromHex, toHex } from '../../../protocol/address.ts';
import { INSTRUCTIONS_MAX } from '../../../protocol/instructions.ts';
import { ClientError } from '../../sdk/errors.ts';
import type { Model } from '../model/model.ts';
import { atOrBefore, lowerBound } from '../model/search.ts';
import { client } from '../state/app.ts';
import { CLOSE } from './paint/names.ts';
import { areaAt, type ModuleSections } from './place.ts';
import { showsWords } from './scale.ts';
import type { Code, Frame, Space } from './space-state.ts';
import { isStored } from './stored.ts';

const WORD = 4;
/** Milliseconds that the viewport has to stand still before the daemon is asked. */
const STILL_MS = 120;

/** Until the returned function is called. */
export function followSections({ frame, model, sections }: Space): () => void {
  const wanted = computed(() => JSON.stringify(frame.value === null ? [] : closeModules(frame.value)));
  const areas = computed(() => frame.value?.scene.areas);
  let busy = false;
  let again = false;
  const ask = (): void => {
    again = busy;
    const names = JSON.parse(wanted.peek()) as readonly string[];
    if (busy || names.length === 0) return;
    busy = true;
    void model.ask('sections', names).then((answer) => {
      busy = false;
      sections.value = new Map(answer.map((module) => [module.module, module]));
      if (again) ask();
    });
  };
  return effect(() => {
    void wanted.value;
    void areas.value;
    ask();
  });
}

/** Modules with an area in sight that is wide enough for its sections; there is never room for many. */
function closeModules({ scene: { areas, names }, scale }: Frame): readonly string[] {
  const found = new Set<string>();
  const { address, size, module } = areas;
  if (scale.perPixel > 1 << 20) return [];
  for (let i = Math.max(0, atOrBefore(address, scale.start)); i < address.length && address[i]! < scale.end; i++) {
    if (size[i]! / scale.perPixel >= CLOSE) found.add(names[module[i]!]!);
  }
  return [...found];
}

export function followCode({ frame, model, code, sections }: Space): () => void {
  const wanted = computed((): Wanted | null => {
    const now = frame.value;
    if (now === null || !showsWords(now.scale)) return null;
    const { scene, scale } = now;
    const start = codeStart(now, sections.value.values());
    const area = areaAt(scene.areas, start ?? scale.start);
    const module = area < 0 ? null : (scene.names[scene.areas.module[area]!] ?? null);
    return { start, from: scale.start, end: Math.ceil(scale.end), epoch: scene.epoch, commit: scene.commit, module };
  });
  const text = computed(() => JSON.stringify(wanted.value));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = effect(() => {
    clearTimeout(timer);
    const mine = text.value;
    const wish = wanted.peek();
    if (wish === null) {
      code.value = { words: [], note: '' };
      return;
    }
    const show = (found: Code): void => {
      if (text.peek() === mine) code.value = found;
    };
    timer = setTimeout(() => {
      // What events tell is there at once.
      if (code.peek().words.length === 0) void told(model, wish, '').then(show);
      void codeAt(model, wish).then(show);
    }, STILL_MS);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

interface Wanted {
  /** Null where nobody knows where an instruction begins. */
  readonly start: number | null;
  /** Of the viewport. */
  readonly from: number;
  readonly end: number;
  readonly epoch: string;
  readonly commit: number;
  /** Whose memory it begins in; null for nobody's and the kernel's. */
  readonly module: string | null;
}

/** The daemon's disassembly; where it has no file for it, what events tell. */
async function codeAt(model: Model, wish: Wanted): Promise<Code> {
  const { start, end, epoch, commit, module } = wish;
  if (start === null)
    return told(
      model,
      wish,
      'nobody knows where an instruction begins here: look from a site or the start of a section',
    );
  try {
    const sha256 = module === null ? null : ((await model.ask('module', module))?.blob ?? null);
    if (sha256 === null) return await told(model, wish, module === null ? '' : `nobody knows the file of ${module}`);
    if (!(await isStored(model.machine, epoch, sha256))) {
      return await told(model, wish, `the file of ${module} is not stored: only what events tell is known`);
    }
    const count = Math.min(INSTRUCTIONS_MAX, Math.ceil((end - start) / WORD) + 1);
    const at = `${epoch}:${commit}`;
    const { instructions } = await client.machine(model.machine).disassembly(toHex(start), { at, count });
    return { words: instructions.map(({ address, ...rest }) => ({ address: fromHex(address), ...rest })), note: '' };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return told(model, wish, error.message);
  }
}

async function told(model: Model, { from, end }: Wanted, note: string): Promise<Code> {
  return { words: await model.ask('words', { start: from, end }), note };
}

/**
 * Where an instruction begins: on arm64 at any multiple of four, from the first area in sight on; on x86-64 at a site and where
 * a section of code begins, the last of these before the viewport, or the first in it. Null: nobody knows.
 */
function codeStart({ scene, scale }: Frame, sections: Iterable<ModuleSections>): number | null {
  if (scene.summary.machine?.arch === 'arm64') {
    const start = Math.floor(scale.start / WORD) * WORD;
    const { address } = scene.areas;
    const next = address[lowerBound(address, start)];
    return areaAt(scene.areas, start) < 0 && next !== undefined && next < scale.end ? next : start;
  }
  const { address } = scene.sites;
  const known = [atOrBefore(address, scale.start), lowerBound(address, scale.start)].flatMap((i) => address[i] ?? []);
  for (const { sections: mine } of sections) for (const row of mine) if (row.use === 'code') known.push(row.address);
  const near = known.filter((at) => at > scale.start - INSTRUCTIONS_MAX && at < scale.end).sort((a, b) => a - b);
  return near.findLast((at) => at <= scale.start) ?? near[0] ?? null;
}
