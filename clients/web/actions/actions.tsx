/** What a person can do with machines: menus, keys, dialogs, files that are dropped, and what came of it. */
import { useShortcuts } from '../app/shortcuts.ts';
import { besideModel, model, openBeside, scene } from '../state/app.ts';
import { BootDialog } from './boot-dialog.tsx';
import { CommandMenu } from './command-menu.tsx';
import { CompareDialog } from './compare-dialog.tsx';
import { ForkDialog } from './fork-dialog.tsx';
import { LoadDialog } from './load-dialog.tsx';
import { MachineMenu } from './machine-menu.tsx';
import { OpenFiles, pickFiles } from './open-files.tsx';
import { RemoveDialog } from './remove-dialog.tsx';
import { type DialogName, dialog, machinesOpen } from './state.ts';
import { UnloadDialog } from './unload-dialog.tsx';
import { UpdateDialog } from './update-dialog.tsx';
import { Work } from './work.tsx';
import './actions.css';

export function Actions() {
  useShortcuts(
    [
      {
        key: 'm',
        does: 'machines',
        act: () => {
          machinesOpen.value = true;
        },
      },
      { key: 'b', does: 'boot a machine', act: () => go('boot') },
      { key: 'o', does: 'open module files or a session', act: pickFiles },
      { key: 'L', does: 'load a module, with a failure if you like', act: () => go('load') },
      { key: 'u', does: 'unload a module', act: () => go('unload') },
      { key: 'e', does: 'update a key', act: () => go('update') },
      { key: 'x', does: 'fork from here, and compare', act: () => go('fork') },
    ],
    'Machines',
  );
  return (
    <>
      <nav class="actions" aria-label="Machine">
        <MachineMenu />
        <CommandMenu />
        {besideModel.value !== null && <Beside name={besideModel.value.machine} />}
      </nav>
      <OpenFiles />
      <OpenDialog name={dialog.value} />
      <Work />
    </>
  );
}

/** All but a boot need a machine. */
function go(name: DialogName): void {
  if (name === 'boot' || scene.value !== null) dialog.value = name;
}

function OpenDialog({ name }: { readonly name: DialogName | null }) {
  if (name === 'boot') return <BootDialog />;
  const shown = model.value;
  if (name === null || shown === null) return null;
  switch (name) {
    case 'load':
      return <LoadDialog machine={shown.machine} />;
    case 'unload':
      return <UnloadDialog model={shown} />;
    case 'update':
      return <UpdateDialog />;
    case 'fork':
      return scene.value && <ForkDialog key={shown.machine} scene={scene.value} />;
    case 'compare':
      return <CompareDialog machine={shown.machine} />;
    case 'remove':
      return <RemoveDialog machine={shown.machine} />;
  }
}

function Beside({ name }: { readonly name: string }) {
  return (
    <span class="beside-name">
      beside: <strong>{name}</strong>
      <button
        type="button"
        class="quiet"
        aria-label={`Close the comparison with ${name}`}
        onClick={() => openBeside(null)}
      >
        ✕
      </button>
    </span>
  );
}
