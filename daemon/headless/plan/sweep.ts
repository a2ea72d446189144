/** The same loads at many KASLR seeds: one row each. What does not depend on the seed is done once. */
import type { Event } from '../../../protocol/events/index.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { readProfile } from '../../kernel/profile.ts';
import { type Course, courseOf } from './course.ts';
import { essential, follow } from './follow.ts';
import { booted, type PlanInput, type Seed } from './input.ts';
import { type Outline, outlineOf } from './outline.ts';
import { planOne } from './plan.ts';
import type { Row } from './row.ts';

/** Which windows are full differs from seed to seed: so many courses are kept. */
const COURSES = 16;

export interface Sweeper {
  /** The same row as planOne gives. */
  row(seed: Seed): Row;
  /** How many rows the kernel itself had to decide so far. */
  readonly decided: number;
}

/** Reads every module once. Throws a RunError where the machine does not boot. */
export function openSweep(input: PlanInput): Sweeper {
  const source = booted(input, null).profile?.source;
  if (!source) throw new Error('a machine that is booted has a profile');
  const profile = readProfile(source);
  const outlines = input.modules.map(({ bytes }) => outlineOf(bytes, profile));
  const base = essential(source, new Set(outlines.flatMap((outline) => outline?.imports ?? [])));
  return new Sweep(input, outlines, base);
}

class Sweep implements Sweeper {
  readonly #input: PlanInput;
  readonly #outlines: readonly (Outline | undefined)[];
  readonly #base: MachineProfile;
  /** The one that was followed last comes first. */
  readonly #courses: Course[] = [];
  decided = 0;

  constructor(input: PlanInput, outlines: readonly (Outline | undefined)[], base: MachineProfile) {
    this.#input = input;
    this.#outlines = outlines;
    this.#base = base;
  }

  row(seed: Seed): Row {
    for (const [i, course] of this.#courses.entries()) {
      const row = follow(course, this.#base, seed);
      if (!row) continue;
      this.#courses.splice(i, 1);
      this.#courses.unshift(course);
      return row;
    }
    this.decided++;
    const loads: (readonly Event[] | undefined)[] = [];
    const { row } = planOne(this.#input, seed, (_, events) => loads.push(events));
    const course = courseOf(this.#input, this.#outlines, loads);
    if (course) this.#courses.unshift(course);
    this.#courses.splice(COURSES);
    return row;
  }
}
