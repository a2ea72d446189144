/** What a running kernel showed of a module, or of itself: readings, of which any may be missing. */
import { count } from '../../../protocol/count.ts';
import type { HostModule, HostView } from '../../../protocol/view/host.ts';
import { Size } from '../ui/size.tsx';
import { Fact, Facts, Part } from './facts.tsx';

const HOW: Readonly<Record<HostModule['how'], string>> = {
  traced: 'its load was traced',
  listed: 'it was there when the recording began',
  inferred: 'its load follows from what else was seen',
};

export function HostModuleFacts({ host: { how, taints, seen } }: { readonly host: HostModule }) {
  return (
    <Part title="As the running kernel shows it">
      <Facts>
        <Fact name="known by" wide>
          {HOW[how]}
        </Fact>
        {seen?.size !== undefined && (
          <Fact name="size">
            <Size size={seen.size} />
          </Fact>
        )}
        {seen?.coreSize !== undefined && (
          <Fact name="core">
            <Size size={seen.coreSize} />
          </Fact>
        )}
        {seen?.initSize !== undefined && (
          <Fact name="init">
            <Size size={seen.initSize} />
          </Fact>
        )}
        {seen?.refcount !== undefined && <Fact name="refcount">{count(seen.refcount)}</Fact>}
        {taints !== undefined && <Fact name="taints">{taints}</Fact>}
        {seen?.buildId !== undefined && (
          <Fact name="build id" wide>
            <code class="wrap">{seen.buildId}</code>
          </Fact>
        )}
      </Facts>
    </Part>
  );
}

export function HostFacts({ facts }: { readonly facts: HostView['facts'] }) {
  const { release, version, arch, layout, pageSize, kaslr, lost, notes } = facts;
  return (
    <Part title="This machine was recorded from a running kernel">
      <Facts>
        {release !== undefined && (
          <Fact name="release" wide>
            {release}
          </Fact>
        )}
        {version !== undefined && (
          <Fact name="version" wide>
            {version}
          </Fact>
        )}
        {arch !== undefined && <Fact name="arch">{arch}</Fact>}
        {layout !== undefined && <Fact name="layout">{layout}</Fact>}
        {pageSize !== undefined && (
          <Fact name="pages">
            <Size size={pageSize} />
          </Fact>
        )}
        {kaslr !== undefined && <Fact name="KASLR">{kaslr ? 'on' : 'off'}</Fact>}
      </Facts>
      {lost.length + notes.length > 0 && (
        <ul class="notes" aria-label="What the recording lacks">
          {lost.map(({ what, why, lost: missing }) => (
            <li key={what}>
              {what}: {why}. Lost: {missing}.
            </li>
          ))}
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </Part>
  );
}
