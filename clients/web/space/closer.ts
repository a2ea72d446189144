/** What is asked for only when somebody looks closely: sections of the modules in sight, and instructions. */
import { computed, effect } from '@preact/signals';
import { fromHex, toHex } from '../../../protocol/address.ts';
import { INSTRUCTIONS_MAX } from '../../../protocol/inspect.ts';
import { ClientError } from '../../sdk/errors.ts';
import { client } from '../state/app.ts';
import { CLOSE } from './paint/names.ts';
import { areaAt } from './place.ts';
import { showsWords } from './scale.ts';
import { atOrBefore, lowerBound } from './search.ts';
import type { Frame, Space } from './space-state.ts';

const WORD = 4;
/** Milliseconds that the viewport has to stand still before the daemon is asked. */
const STILL_MS = 120;

/** Until the returned function is called. */
export function followSections({ frame, model, sections }: Space): () => void {
  const wanted = computed(() => (frame.value === null ? '' : closeModules(frame.value).join(' ')));
  const areas = computed(() => frame.value?.scene.areas);
  let busy = false;
  let again = false;
  const ask = (): void => {
    again = busy;
    if (busy || wanted.peek() === '') return;
    busy = true;
    void model.ask('sections', wanted.peek().split(' ')).then((answer) => {
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

export function followCode({ frame, model, code }: Space): () => void {
  const wanted = computed(() => {
    const now = frame.value;
    if (now === null || !showsWords(now.scale)) return '';
    const { epoch, commit } = now.scene;
    return `${codeStart(now)} ${Math.ceil(now.scale.end - codeStart(now))} ${epoch}:${commit}`;
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = effect(() => {
    clearTimeout(timer);
    const text = wanted.value;
    if (text === '') {
      code.value = { words: [], note: '' };
      return;
    }
    timer = setTimeout(() => void fetch(text), STILL_MS);
  });
  async function fetch(text: string): Promise<void> {
    const [start = '', bytes = '', at = ''] = text.split(' ');
    try {
      const machine = client.machine(model.machine);
      const count = Math.min(INSTRUCTIONS_MAX, Math.ceil(Number(bytes) / WORD) + 1);
      const { instructions } = await machine.disassembly(toHex(Number(start)), { at, count });
      const words = instructions.map(({ address, ...rest }) => ({ address: fromHex(address), ...rest }));
      if (wanted.peek() === text) code.value = { words, note: '' };
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      // The module's file is not stored, say: what events tell of the memory there is known all the same.
      const range = { start: Number(start), end: Number(start) + Number(bytes) };
      const words = await model.ask('words', range);
      if (wanted.peek() === text) code.value = { words, note: error.message };
    }
  }
  return () => {
    clearTimeout(timer);
    stop();
  };
}

/**
 * Where an instruction begins at or before the viewport's start. arm64: any multiple of four, from the first area on; x86-64:
 * the last site before, or the first in sight.
 */
function codeStart({ scene, scale }: Frame): number {
  if (scene.summary.machine?.arch !== 'arm64') {
    const { address } = scene.sites;
    const before = address[atOrBefore(address, scale.start)];
    if (before !== undefined && scale.start - before < INSTRUCTIONS_MAX) return before;
    return address[lowerBound(address, scale.start)] ?? scale.start;
  }
  const start = Math.floor(scale.start / WORD) * WORD;
  const { address } = scene.areas;
  const next = address[lowerBound(address, start)];
  return areaAt(scene.areas, start) < 0 && next !== undefined && next < scale.end ? next : start;
}
