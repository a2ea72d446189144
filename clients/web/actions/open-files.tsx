/** Files into the page: dropped anywhere on it, or chosen by a button, which needs no pointer. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { open } from './do.ts';

const ACCEPTED = '.ko,.gz,.xz,.zst,.json,.jsonl';

let picker: HTMLInputElement | null = null;
export const pickFiles = (): void => picker?.click();

export function OpenFiles() {
  const over = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    picker = input.current;
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
    const onOver = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      over.value = true;
    };
    const onLeave = (event: DragEvent): void => {
      // Leaving the window goes to nowhere.
      if (event.relatedTarget === null) over.value = false;
    };
    const onDrop = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      over.value = false;
      open([...(event.dataTransfer?.files ?? [])]);
    };
    addEventListener('dragover', onOver);
    addEventListener('dragleave', onLeave);
    addEventListener('drop', onDrop);
    return () => {
      removeEventListener('dragover', onOver);
      removeEventListener('dragleave', onLeave);
      removeEventListener('drop', onDrop);
    };
  }, []);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={ACCEPTED}
        aria-label="Module files or a session"
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          // The same file may be chosen again.
          currentTarget.value = '';
          open(files);
        }}
      />
      {over.value && (
        <div class="drop" aria-hidden="true">
          <p>
            <strong>Drop module files</strong> to load them, or <strong>a session</strong> to open it
          </p>
        </div>
      )}
    </>
  );
}
