/** Where somebody says which patches: terms and words, with suggestions, and what is wrong with a term that makes no sense. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useShortcuts } from '../app/shortcuts.ts';
import { filter, scene } from '../state/app.ts';
import { parsed } from './state.ts';
import { accept, type Suggestions, suggest } from './suggest.ts';

const LIST = 'feed-suggestions';
const HELP = 'feed-filter-fault';
const NONE: Suggestions = { from: 0, to: 0, items: [] };
const EXPLAINED =
  'key:might_resched module:xfs addr:0x…-0x… class:veneer what:trampoline atomicity:stop-machine, and words. Terms of one name are alternatives';

const optionId = (index: number): string => `${LIST}-${index}`;

export function FilterBox() {
  const input = useRef<HTMLInputElement>(null);
  const [found, setFound] = useState(NONE);
  const [chosen, setChosen] = useState(-1);
  /** Where the caret goes once the new text is there. */
  const [caret, setCaret] = useState<number | null>(null);
  useShortcuts([{ key: '/', does: 'filter the patches', act: () => input.current?.focus() }], 'Patches');
  useEffect(() => {
    if (caret !== null) input.current?.setSelectionRange(caret, caret);
    setCaret(null);
  }, [caret]);

  const { faults } = parsed.value;
  const open = found.items.length > 0;
  const fault = open ? undefined : faults[0];

  function close(): void {
    setFound(NONE);
    setChosen(-1);
  }
  function look(element: HTMLInputElement): void {
    const now = scene.peek();
    const vocabulary = { keys: now?.keys.map(({ name }) => name) ?? [], modules: now?.names ?? [] };
    setFound(suggest(element.value, element.selectionStart ?? element.value.length, vocabulary));
    setChosen(-1);
  }
  function take(item: string): void {
    const next = accept(filter.value, found, item);
    filter.value = next.text;
    setCaret(next.caret);
    close();
    input.current?.focus();
  }
  function onKey(event: KeyboardEvent): void {
    const item = found.items[chosen];
    if (event.key === 'Escape') {
      if (open) close();
      else if (filter.value !== '') filter.value = '';
      else input.current?.blur();
    } else if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setChosen(
        (before) => (before + step + found.items.length + (before < 0 && step < 0 ? 1 : 0)) % found.items.length,
      );
    } else if ((event.key === 'Enter' || event.key === 'Tab') && item !== undefined) take(item);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div class="feed-filter">
      <input
        ref={input}
        type="text"
        role="combobox"
        placeholder="filter: key: module: addr: class: … (/)"
        aria-label="Filter the patches"
        title={EXPLAINED}
        autocomplete="off"
        spellcheck={false}
        aria-autocomplete="list"
        aria-expanded={open}
        aria-controls={LIST}
        aria-activedescendant={chosen >= 0 ? optionId(chosen) : undefined}
        aria-invalid={faults.length > 0}
        aria-describedby={fault === undefined ? undefined : HELP}
        value={filter.value}
        onInput={(event) => {
          filter.value = event.currentTarget.value;
          look(event.currentTarget);
        }}
        onKeyDown={onKey}
        onBlur={close}
      />
      <div class="feed-suggestions" id={LIST} role="listbox" aria-label="Suggestions" hidden={!open}>
        {found.items.map((item, index) => (
          <div
            key={item}
            id={optionId(index)}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            // Before the box loses the focus.
            onPointerDown={(event) => {
              event.preventDefault();
              take(item);
            }}
          >
            {item}
          </div>
        ))}
      </div>
      {fault !== undefined && (
        <p class="feed-fault" id={HELP} role="status">
          {fault.message}
        </p>
      )}
    </div>
  );
}
