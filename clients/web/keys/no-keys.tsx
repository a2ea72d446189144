/** Why there are no keys, and how to get some. */
import { dialog } from '../actions/state.ts';
import { scene } from '../state/app.ts';

export function NoKeys() {
  const machine = scene.value?.summary.machine;
  if (scene.value === null || scene.value.mode === 'loading') return null;
  if (!machine) return <p class="keys-none">Keys show when the machine has booted.</p>;
  if (machine.staticCall !== undefined) {
    return (
      <p class="keys-none">
        This kernel does static calls ({machine.staticCall}), but no key is known at this position: neither its profile
        nor a loaded module brings one.
      </p>
    );
  }
  return (
    <div class="keys-none">
      <p>
        This machine's kernel has no static calls: what it calls through pointers it calls through pointers, and nothing
        is patched. Its modules, windows and veneers are all here.
      </p>
      <p>
        To see keys, boot one whose profile names functions that are static calls, and a flavour, the way in which they
        are patched. The{' '}
        <button
          type="button"
          onClick={() => {
            dialog.value = 'boot';
          }}
        >
          Boot
        </button>{' '}
        dialog makes such a profile from names; an example comes with veneerd:
        <br />
        <code>veneer boot near --profile docs/examples/near.json</code>
      </p>
    </div>
  );
}
