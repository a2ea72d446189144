/** Machines: which there are, another one, and what can be done with the one that is shown as a whole. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { count } from '../../../protocol/count.ts';
import type { DamagedSummary, MachineSummary } from '../../../protocol/frames.ts';
import { client, model } from '../state/app.ts';
import { say } from '../ui/announce.ts';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { troubleOf, troubleText } from '../ui/trouble.ts';
import { copyLink, saveSession, show } from './do.ts';
import { pickFiles } from './open-files.tsx';
import { dialog, machinesOpen } from './state.ts';

type Listed = MachineSummary | DamagedSummary;

export function MachineMenu() {
  const machines = useSignal<readonly Listed[]>([]);
  const open = machinesOpen.value;
  const shown = model.value?.machine;
  useEffect(() => {
    if (!open) return;
    client.machines().then(
      (list) => {
        machines.value = list;
      },
      (error: unknown) => say(troubleText(troubleOf(error)), 'problem'),
    );
  }, [open]);

  const groups: readonly (readonly MenuItem[])[] = [
    machines.value.map((machine) => ({
      id: `machine-${machine.name}`,
      label: 'position' in machine ? `${machine.name}, ${count(machine.position.commit)} commits` : machine.name,
      checked: machine.name === shown,
      off: 'damaged' in machine ? `is damaged: ${machine.damaged}` : undefined,
      act: () => show(machine.name),
    })),
    [item('boot', 'Boot a machine…', 'b', () => go('boot')), item('open', 'Open files…', 'o', pickFiles)],
    shown === undefined
      ? []
      : [
          item('fork', 'Fork from here…', 'x', () => go('fork')),
          item('compare', 'Compare with…', undefined, () => go('compare')),
          item('save', 'Save the session', undefined, () => void saveSession()),
          item('copy', 'Copy a link to this', undefined, copyLink),
          item('remove', `Remove ${shown}…`, undefined, () => go('remove')),
        ],
  ];
  return (
    <Menu
      label={shown === undefined ? 'Machines' : `Machine ${shown}`}
      button={shown ?? 'Machines'}
      groups={groups}
      open={open}
      onOpen={(next) => {
        machinesOpen.value = next;
      }}
    />
  );
}

function item(id: string, label: string, key: string | undefined, act: () => void): MenuItem {
  return { id, label, act, ...(key !== undefined && { key }) };
}

function go(name: NonNullable<typeof dialog.value>): void {
  dialog.value = name;
}
