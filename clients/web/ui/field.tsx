/** A labelled control of a form, with what it is for and what is wrong with it; both are read out with it. */
import type { ComponentChildren } from 'preact';
import './field.css';

export interface FieldProps {
  /** Of the control; unique on the page. */
  readonly id: string;
  readonly label: string;
  readonly help?: ComponentChildren;
  readonly error?: string | undefined;
  /** The control, with these on it. */
  readonly children: (control: ControlAttributes) => ComponentChildren;
}

export interface ControlAttributes {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean;
}

export function Field({ id, label, help, error, children }: FieldProps) {
  const described = [help !== undefined && `${id}-help`, error !== undefined && `${id}-error`].filter(Boolean);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        'aria-describedby': described.length > 0 ? described.join(' ') : undefined,
        'aria-invalid': error !== undefined,
      })}
      {help !== undefined && (
        <p class="dim" id={`${id}-help`}>
          {help}
        </p>
      )}
      {error !== undefined && (
        <p class="wrong" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
