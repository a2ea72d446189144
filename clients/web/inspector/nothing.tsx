/** Nothing is chosen: what can be, and what this machine is made of. */

import { fromHex } from '../../../protocol/address.ts';
import { count, counted } from '../../../protocol/count.ts';
import type { Model } from '../model/model.ts';
import type { Summary } from '../model/scene.ts';
import { useAnswer } from '../model/use-answer.ts';
import { Address } from '../ui/address.tsx';
import { ClassBar, ClassCounts } from '../ui/class-bar.tsx';
import { Refusal } from '../ui/refusal.tsx';
import { Size } from '../ui/size.tsx';
import { Fact, Facts, Part } from './facts.tsx';
import { HostFacts } from './host-facts.tsx';
import { CommitLink, OwnerLink } from './links.tsx';
import { Subject } from './subject.tsx';

/** Refusals that are shown; the module's own view has the others. */
const REFUSALS = 5;

export function Nothing({ model }: { readonly model: Model }) {
  const summary = model.scene.value?.summary;
  const host = useAnswer(model, 'host', null);
  if (summary === undefined) return null;
  const { sites, failures } = summary;
  const calls = sites.reduce((sum, count) => sum + count, 0);
  return (
    <>
      <Subject
        kind="Nothing is chosen."
        words="Click anything: a module or a call in the address space, a key, a patch, an address. What it is, its code, what wrote it and where its calls arrive are then shown here."
      />
      <Machine summary={summary} />
      {host && <HostFacts facts={host} />}
      {calls > 0 && (
        <Part title={`Static calls (${count(calls)})`}>
          <ClassBar classes={sites} />
          <ClassCounts classes={sites} />
        </Part>
      )}
      {failures.length > 0 && (
        <Part title="Refused by the kernel, newest first">
          <ul class="refusals">
            {failures
              .slice(-REFUSALS)
              .toReversed()
              .map((failure) => (
                <li key={`${failure.commit} ${failure.op} ${failure.module}`}>
                  <CommitLink commit={failure.commit} /> <OwnerLink name={failure.module} />
                  <Refusal refused={failure} />
                </li>
              ))}
          </ul>
        </Part>
      )}
    </>
  );
}

function Machine({ summary: { machine, windows, modules, now, ever, patches } }: { readonly summary: Summary }) {
  if (machine === null) return null;
  const { arch, layout, pageSize, kernel, staticCall, errata = [], kaslrSeed, openSymbols, symbols } = machine;
  return (
    <Part title="This machine">
      <Facts>
        <Fact name="kernel" wide>
          {layout} {arch}
        </Fact>
        <Fact name="flavour">{staticCall ?? 'none'}</Fact>
        <Fact name="pages">
          <Size size={pageSize} />
        </Fact>
        <Fact name="KASLR">{kaslrSeed === undefined ? 'off' : `seed ${kaslrSeed}`}</Fact>
        <Fact name="image" wide>
          <Range start={kernel.text} end={kernel.end} />
        </Fact>
        {windows.map(({ window, start, end, size, used }) => (
          <Fact key={window} name={window} wide>
            <Range start={start} end={end} />
            <br />
            <Size size={used} /> <span class="dim">of</span> <Size size={size} /> <span class="dim">used</span>
          </Fact>
        ))}
        {errata.length > 0 && (
          <Fact name="errata" wide>
            {errata.join(', ')}
          </Fact>
        )}
        <Fact name="exports" wide>
          {openSymbols ? 'whatever a module asks for' : counted(symbols, 'symbol')}
        </Fact>
        <Fact name="modules">{count(modules)}</Fact>
        <Fact name="veneers">{count(now.veneers)}</Fact>
        <Fact name="patches">{count(patches)}</Fact>
        <Fact name="loads" wide>
          {counted(ever.loads, 'load')}, {counted(ever.unloads, 'unload')},{' '}
          {count(ever.failedLoads + ever.failedUnloads)} refused
        </Fact>
      </Facts>
    </Part>
  );
}

function Range({ start, end }: { readonly start: string; readonly end: string }) {
  return (
    <>
      <Address address={fromHex(start)} /> <span class="dim">to</span> <Address address={fromHex(end)} />
    </>
  );
}
