/** A button that opens a menu (WAI-ARIA's menu button): arrows, Home, End and first letters move, Escape closes. */
import { type ComponentChildren, Fragment } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import './menu.css';

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  /** The key that does the same. */
  readonly key?: string;
  /** One of several, of which one holds. */
  readonly checked?: boolean;
  /** Why it can't be chosen now. */
  readonly off?: string | undefined;
  readonly act: () => void;
}

export interface MenuProps {
  readonly label: string;
  readonly button: ComponentChildren;
  /** Each set apart from the one before. */
  readonly groups: readonly (readonly MenuItem[])[];
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}

const ITEMS = '[role^="menuitem"]';

export function Menu({ label, button, groups, open, onOpen }: MenuProps) {
  const opener = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  const items = (): HTMLElement[] => [...(list.current?.querySelectorAll<HTMLElement>(ITEMS) ?? [])];
  const shut = (): void => {
    onOpen(false);
    opener.current?.focus();
  };

  useLayoutEffect(() => {
    const [menu, box] = [list.current, opener.current?.getBoundingClientRect()];
    if (!open || menu === null || box === undefined) return;
    menu.style.top = `${box.bottom + 4}px`;
    menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
    menu.style.maxHeight = `${innerHeight - box.bottom - 16}px`;
    items()[0]?.focus();
  }, [open]);

  useEffect(() => {
    if (!open) return;
    const outside = (event: Event): void => {
      const target = event.target as Node;
      if (!list.current?.contains(target) && !opener.current?.contains(target)) onOpen(false);
    };
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  }, [open]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = (index: number): void => all[(index + all.length) % all.length]?.focus();
    if (event.key === 'ArrowDown') to(at + 1);
    else if (event.key === 'ArrowUp') to(at - 1);
    else if (event.key === 'Home') to(0);
    else if (event.key === 'End') to(-1);
    else if (event.key === 'Escape') shut();
    else if (event.key === 'Tab') onOpen(false);
    else if (event.key.length === 1 && event.key !== ' ') {
      const letter = event.key.toLowerCase();
      const found = [...all.slice(at + 1), ...all].find((item) =>
        item.textContent.trim().toLowerCase().startsWith(letter),
      );
      found?.focus();
    } else return;
    if (event.key !== 'Tab') event.preventDefault();
    event.stopPropagation();
  };

  return (
    <>
      <button
        type="button"
        ref={opener}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={label}
        onClick={() => onOpen(!open)}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' || open) return;
          event.preventDefault();
          onOpen(true);
        }}
      >
        {button} <span aria-hidden="true">▾</span>
      </button>
      {open && (
        <div class="menu" role="menu" aria-label={label} tabIndex={-1} ref={list} onKeyDown={onKeyDown}>
          {groups
            .filter(({ length }) => length > 0)
            .map((group, index) => (
              <Fragment key={group[0]?.id}>
                {index > 0 && <hr />}
                {group.map((item) => (
                  <Item key={item.id} item={item} shut={shut} />
                ))}
              </Fragment>
            ))}
        </div>
      )}
    </>
  );
}

function Item({ item, shut }: { readonly item: MenuItem; readonly shut: () => void }) {
  const { label, key, checked, off, act } = item;
  return (
    <button
      type="button"
      {...(checked === undefined ? { role: 'menuitem' } : { role: 'menuitemradio', 'aria-checked': checked })}
      aria-disabled={off !== undefined}
      tabIndex={-1}
      onClick={() => {
        if (off !== undefined) return;
        shut();
        act();
      }}
    >
      <span class="menu-mark" aria-hidden="true">
        {checked ? '●' : ''}
      </span>
      <span>
        {label}
        {off !== undefined && <small> {off}</small>}
      </span>
      {key !== undefined && <kbd>{key}</kbd>}
    </button>
  );
}
