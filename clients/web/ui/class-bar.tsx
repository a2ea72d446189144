/** How many calls are of which class: a bar to scale, and the numbers. */
import { CLASSES } from '../../../protocol/view/static-call.ts';
import './figures.css';
import { ClassMark } from './class-mark.tsx';

/** Calls by class, in the order of CLASSES. */
export interface ClassesProps {
  readonly classes: readonly number[];
}

export function ClassBar({ classes }: ClassesProps) {
  return (
    <span class="class-bar" aria-hidden="true">
      {CLASSES.map((name, index) => {
        const count = classes[index] ?? 0;
        return count > 0 && <span key={name} class={`fill-${name}`} style={{ flexGrow: count }} />;
      })}
    </span>
  );
}

export function ClassCounts({ classes }: ClassesProps) {
  return (
    <span class="class-counts">
      {CLASSES.map((name, index) => {
        const count = classes[index] ?? 0;
        return count > 0 && <ClassMark key={name} name={name} count={count} />;
      })}
    </span>
  );
}
