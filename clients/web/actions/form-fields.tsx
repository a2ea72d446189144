/** The two controls that forms have most: one of a few, and a line of text. */
import { Field } from '../ui/field.tsx';

interface Common {
  readonly id: string;
  readonly label: string;
  readonly help?: string | undefined;
  readonly error?: string | undefined;
}

interface ChooseProps<T extends string> extends Common {
  readonly value: T;
  /** Value and words. */
  readonly options: readonly (readonly [T, string])[];
  readonly choose: (value: T) => void;
}

export function Choose<T extends string>({ value, options, choose, ...field }: ChooseProps<T>) {
  return (
    <Field {...field}>
      {(control) => (
        <select {...control} value={value} onChange={(event) => choose(event.currentTarget.value as T)}>
          {options.map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface WriteProps extends Common {
  readonly value: string;
  readonly placeholder?: string;
  readonly write: (text: string) => void;
}

export function Write({ value, placeholder, write, ...field }: WriteProps) {
  return (
    <Field {...field}>
      {(control) => (
        <input
          {...control}
          class="mono"
          autocomplete="off"
          spellcheck={false}
          placeholder={placeholder}
          value={value}
          onInput={(event) => write(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
