/** What the kernel of the machine that is shown can be asked to do. */
import { useSignal } from '@preact/signals';
import { model } from '../state/app.ts';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { type DialogName, dialog } from './state.ts';

export function CommandMenu() {
  const open = useSignal(false);
  if (model.value === null) return null;
  const item = (name: DialogName, label: string, key?: string): MenuItem => ({
    id: name,
    label,
    ...(key !== undefined && { key }),
    act: () => {
      dialog.value = name;
    },
  });
  return (
    <Menu
      label="Commands to the kernel"
      button="Commands"
      groups={[
        [
          item('load', 'Load a module…', 'L'),
          item('unload', 'Unload a module…', 'u'),
          item('update', 'Update a key…', 'e'),
        ],
      ]}
      open={open.value}
      onOpen={(next) => {
        open.value = next;
      }}
    />
  );
}
