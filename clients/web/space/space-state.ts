/** What one address space on the screen is made of, as signals: what is shown of it, and what is known about that. */
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Model } from '../model/model.ts';
import type { Word } from '../model/queries/words.ts';
import type { Scene } from '../model/scene.ts';
import { span } from '../state/app.ts';
import { marksOf } from './compare.ts';
import type { ModuleSections } from './place.ts';
import { type Rows, rowsOf } from './rows.ts';
import { type Scale, scaleOf, showsWords } from './scale.ts';
import { type World, worldOf } from './world.ts';
import { shown } from './zoom.ts';

export interface Size {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** Instructions in sight; `note` says why some are missing. */
export interface Code {
  readonly words: readonly Word[];
  readonly note: string;
}

/** What of it there is to draw, all of one moment. */
export interface Frame {
  readonly scene: Scene;
  readonly world: World;
  readonly rows: Rows;
  /** Of the strip, and of the overview. */
  readonly scale: Scale;
  readonly whole: Scale;
}

export interface Space {
  readonly model: Model;
  readonly size: Signal<Size>;
  /** Null while there is nothing to draw. */
  readonly frame: ReadonlySignal<Frame | null>;
  /** Of modules that are looked at closely. */
  readonly sections: Signal<ReadonlyMap<string, ModuleSections>>;
  /** Where instructions are told apart. */
  readonly code: Signal<Code>;
  /** The address of a patch that is chosen, by its id, once it is known. */
  readonly patched: Signal<ReadonlyMap<string, number>>;
  /** By area, what differs from the machine beside; null without one. */
  readonly marks: ReadonlySignal<Uint8Array | null>;
}

export function openSpace(model: Model, other: Model | null): Space {
  const size = signal<Size>({ width: 0, height: 0 });
  // As text, and that only where it came anew: what is fixed does not change with every scene.
  const profile = computed(() => model.scene.value?.summary.machine ?? null);
  const machine = computed(() => JSON.stringify(profile.value));
  const world = computed(() => {
    void machine.value;
    const now = profile.peek();
    return now === null ? null : worldOf(now);
  });
  const frame = computed((): Frame | null => {
    const scene = model.scene.value;
    const { width, height } = size.value;
    if (scene === null || world.value === null || width === 0) return null;
    const all = world.value;
    const scale = scaleOf(shown(span.value, all), width);
    return {
      scene,
      world: all,
      rows: rowsOf(height, other !== null, showsWords(scale)),
      scale,
      whole: scaleOf(all, width),
    };
  });
  const areas = computed(() => model.scene.value?.areas);
  const others = computed(() => other?.scene.value?.areas);
  const marks = computed(() => {
    if (areas.value === undefined || others.value === undefined) return null;
    const [mine, theirs] = [model.scene.peek(), other?.scene.peek()];
    return mine && theirs ? marksOf(mine, theirs) : null;
  });
  return {
    model,
    size,
    frame,
    sections: signal(new Map()),
    code: signal<Code>({ words: [], note: '' }),
    patched: signal(new Map()),
    marks,
  };
}
