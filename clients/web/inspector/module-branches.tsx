/** How a module's branches get where they go: how many need a veneer, how full its PLT is, and which veneers it has. */

import { count, counted } from '../../../protocol/count.ts';
import type { ModuleJson } from '../../../protocol/view/json.ts';
import { Veneers } from './veneers.tsx';

export function Branches({ module }: { readonly module: ModuleJson }) {
  const { branches, plt, veneers, relocations } = module;
  const total = branches.direct + branches.veneer;
  return (
    <>
      <p>
        {counted(relocations, 'relocation')}
        {total > 0 && `, ${counted(total, 'branch', 'branches')} among them`}
      </p>
      {total > 0 && (
        <>
          <span class="class-bar" aria-hidden="true">
            {branches.direct > 0 && <span class="fill-direct" style={{ flexGrow: branches.direct }} />}
            {branches.veneer > 0 && <span class="fill-veneer" style={{ flexGrow: branches.veneer }} />}
          </span>
          <p class="shares">
            <span class="class-direct">
              <span aria-hidden="true">→</span> {count(branches.direct)} direct
            </span>
            <span class="class-veneer">
              <span aria-hidden="true">↷</span> {count(branches.veneer)} by veneer
            </span>
          </p>
        </>
      )}
      <Plt name=".plt" used={plt.used.core} reserved={plt.reserved.core} />
      <Plt name=".init.plt" used={plt.used.init} reserved={plt.reserved.init} />
      {veneers.length > 0 && <Veneers veneers={veneers} parts={module.parts} />}
    </>
  );
}

interface PltProps {
  readonly name: string;
  readonly used: number;
  readonly reserved: number;
}

function Plt({ name, used, reserved }: PltProps) {
  if (reserved === 0) return null;
  return (
    <p class="plt-fill">
      <code>{name}</code>
      <span class="fill" aria-hidden="true">
        <span style={{ inlineSize: `${(100 * used) / reserved}%` }} />
      </span>
      <span class="number">
        {count(used)} of {counted(reserved, 'slot')} used
      </span>
    </p>
  );
}
