/**
 * A placement by a course that is known: only what depends on addresses is done again. Where the loads leave the course, the
 * kernel has to decide (plan.ts).
 */
import type { MachineProfile } from '../../../protocol/profile.ts';
import { noRoom } from '../../kernel/loader/place.ts';
import { moveBy } from '../../kernel/machine/move.ts';
import { percpuChunk, percpuFit } from '../../kernel/machine/percpu.ts';
import { inventedSymbol } from '../../kernel/machine/presets.ts';
import { imageData, imageOf } from '../../kernel/machine/windows.ts';
import { type Profile, readProfile } from '../../kernel/profile.ts';
import { allocate, emptyRegion, markFreed, markPurged, type Region } from '../../kernel/region/region.ts';
import type { Course, Step } from './course.ts';
import { Fill } from './fill.ts';
import type { Seed } from './input.ts';
import type { Outline } from './outline.ts';
import { type Addresses, addressOf, fits, type Reached, reach } from './reach.ts';
import { FARTHEST } from './relocations.ts';
import type { Failure, Row } from './row.ts';

/** `profile` with no more than the placement and these symbols need: moving it is then cheap. */
export function essential(profile: MachineProfile, names: ReadonlySet<string>): MachineProfile {
  const { symbols, staticCalls, ...rest } = profile;
  const { gplOnly: _, ...facts } = rest;
  const keys = Object.entries(staticCalls?.keys ?? {}).filter(([, { symbol }]) => names.has(symbol ?? ''));
  return {
    ...facts,
    symbols: Object.fromEntries(Object.entries(symbols).filter(([name]) => names.has(name))),
    ...(keys.length > 0 && { staticCalls: { keys: Object.fromEntries(keys) } }),
  };
}

/** The figures of one placement; undefined where the loads leave the course. `base` is the machine before KASLR. */
export function follow(course: Course, base: MachineProfile, seed: Seed): Row | undefined {
  return new Follower(course, readProfile(seed === null ? base : moveBy(base, seed)), seed).run();
}

class Follower {
  readonly #course: Course;
  readonly #profile: Profile;
  readonly #seed: Seed;
  readonly #symbols: Float64Array;
  /** Symbols that stand for the trampolines of static calls, by the name that is called. */
  readonly #tramps: ReadonlyMap<string, number>;
  readonly #percpu: (readonly [number, number])[] = [];
  readonly #fill: Fill;
  readonly #sum = { direct: 0, veneer: 0, reserved: 0, used: 0, veneers: 0, far: 0, loaded: 0 };
  #region: Region;
  /** The stretch of memory in which everything lies so far. */
  #low: number;
  #high: number;

  constructor(course: Course, profile: Profile, seed: Seed) {
    this.#course = course;
    this.#profile = profile;
    this.#seed = seed;
    const image = imageOf(profile.source);
    this.#region = emptyRegion(profile.reserved, imageData(image, profile.pageSize));
    this.#fill = new Fill(this.#region, profile.windows);
    this.#low = image.text;
    this.#high = image.end;
    const { callTramps } = profile;
    this.#symbols = new Float64Array(course.symbols + callTramps.size);
    for (const [i, name] of course.vmlinux.entries()) {
      const address = profile.symbols.get(name) ?? inventedSymbol(profile.source, name);
      this.#symbols[i + 1] = address;
      this.#low = Math.min(this.#low, address);
      this.#high = Math.max(this.#high, address);
    }
    const tramps = new Map<string, number>();
    for (const [name, { tramp }] of callTramps) {
      const number = course.symbols + tramps.size;
      this.#symbols[number] = tramp;
      tramps.set(name, number);
    }
    this.#tramps = tramps;
  }

  run(): Row | undefined {
    const failed: Failure[] = [];
    for (const step of this.#course.steps) {
      const words = this.#load(step);
      if (words === undefined) return undefined;
      if (step.failure) failed.push(words === '' ? step.failure : { ...step.failure, words });
    }
    const { direct, veneer, reserved, used, veneers, far, loaded } = this.#sum;
    return {
      seed: this.#seed,
      fits: failed.length === 0,
      loaded,
      failed,
      far,
      branches: { direct, veneer },
      slots: { reserved, used },
      veneers,
      windows: this.#fill.result(this.#region),
    };
  }

  /** The kernel's words where they depend on the placement, else none; undefined where this load goes another way. */
  #load(step: Step): string | undefined {
    const { outline } = step;
    if (!outline) return '';
    const parts: number[] = [];
    let far = false;
    for (const { size } of outline.parts.slice(0, step.allocated)) {
      const window = this.#allocate(size, parts);
      if (window === undefined) return undefined;
      if (window === 'fallback') far = true;
    }
    let words = '';
    const next = outline.parts[step.allocated];
    if (step.noRoom && next) {
      if (this.#allocate(next.size, parts) !== undefined) return undefined;
      words = noRoom(this.#profile, next.size);
    }
    if (step.linked) {
      const reached = this.#link(step, outline, parts);
      if (!reached) return undefined;
      if (!step.failure) this.#count(outline, reached, far);
    }
    if (step.coming) this.#purge();
    this.#free(step, outline, parts);
    return words;
  }

  #allocate(size: number, parts: number[]): 'direct' | 'fallback' | undefined {
    const { windows, pageSize } = this.#profile;
    const got = allocate(this.#region, windows, pageSize, size);
    if (got.kind === 'bad-fallback') return undefined;
    this.#region = got.region;
    for (const area of got.purged) this.#fill.give(area.address, area.size + area.guard);
    if (got.kind === 'no-memory') return undefined;
    const { address, size: rounded, guard } = got.allocation;
    parts.push(address);
    this.#fill.take(address, rounded + guard);
    this.#low = Math.min(this.#low, address);
    this.#high = Math.max(this.#high, address + rounded);
    return got.window;
  }

  #link(step: Step, outline: Outline, parts: readonly number[]): Reached | undefined {
    const percpu = this.#placePercpu(outline, step.failure === undefined);
    if (percpu === undefined) return undefined;
    const { imports } = step;
    const tramps = this.#tramps.size > 0 ? outline.imports.map((name) => this.#tramps.get(name) ?? 0) : undefined;
    const at: Addresses = { parts, percpu, symbols: this.#symbols, imports, tramps };
    if (!this.#surelyFits() && !fits(outline.bounds, at)) return undefined;
    const reached = reach(outline, at, this.#profile.erratum843419);
    for (const { symbol, index } of step.exports) {
      const place = outline.exports[index];
      if (place) this.#symbols[symbol] = addressOf(place.from, place.index, at) + place.value;
    }
    return reached;
  }

  /** What relative values are counted between is close enough together. */
  #surelyFits(): boolean {
    return this.#profile.arch === 'arm64' && this.#high - this.#low < 2 ** 31 - FARTHEST;
  }

  #placePercpu({ percpu }: Outline, stays: boolean): number | undefined {
    if (!percpu) return Number.NaN;
    const { source, pageSize } = this.#profile;
    const address = percpuFit(percpuChunk(source), this.#percpu, percpu.size, percpu.align, pageSize);
    if (address === undefined) return undefined;
    if (stays) {
      this.#percpu.push([address, address + percpu.size]);
      this.#percpu.sort(([a], [b]) => a - b);
    }
    return address;
  }

  #count({ plt }: Outline, { direct, veneer, used, veneers }: Reached, far: boolean): void {
    const sum = this.#sum;
    sum.loaded++;
    sum.direct += direct;
    sum.veneer += veneer;
    sum.reserved += plt.core.slots + plt.init.slots;
    sum.used += used;
    sum.veneers += veneers;
    if (far) sum.far++;
  }

  #free({ freed, lazily }: Step, outline: Outline, parts: readonly number[]): void {
    const { pageSize } = this.#profile;
    for (const index of freed) {
      const address = parts[index] as number;
      const size = Math.ceil((outline.parts[index]?.size ?? 0) / pageSize) * pageSize;
      this.#region = markFreed(this.#region, address, size, pageSize, lazily);
      if (!lazily) this.#fill.give(address, size + pageSize);
    }
    if (freed.length > 0 && !lazily) this.#purge();
  }

  #purge(): void {
    for (const { address, size, guard } of this.#region.lazy) this.#fill.give(address, size + guard);
    this.#region = markPurged(this.#region);
  }
}
