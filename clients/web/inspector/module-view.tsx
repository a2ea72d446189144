/** A module: its state and file, where its parts are, its sections, its branches, whom it uses and who uses it. */

import { count, counted } from '../../../protocol/count.ts';
import type { Model } from '../model/model.ts';
import { useAnswer } from '../model/use-answer.ts';
import { ClassBar, ClassCounts } from '../ui/class-bar.tsx';
import { Refusal } from '../ui/refusal.tsx';
import { CopyButton, Fact, Facts, Part } from './facts.tsx';
import { HostModuleFacts } from './host-facts.tsx';
import { CommitLink } from './links.tsx';
import { Branches } from './module-branches.tsx';
import { Symbols } from './module-symbols.tsx';
import { Parts, Sections } from './module-tables.tsx';
import { Names } from './names.tsx';
import { Subject } from './subject.tsx';
import { STATE_WORDS } from './words.ts';

export interface ModuleViewProps {
  readonly model: Model;
  readonly name: string;
}

export function ModuleView({ model, name }: ModuleViewProps) {
  const module = useAnswer(model, 'module', name);
  const classes = useAnswer(model, 'ownerClasses', name);
  if (module === undefined) return null;
  if (module === null) {
    return (
      <>
        <Subject kind="module" words="At this position no module of this name is loaded." name={name} />
        <Refusals model={model} name={name} />
      </>
    );
  }
  const { state, file, blob, since, uses, usedBy, percpu } = module;
  const calls = (classes ?? []).reduce((sum, count) => sum + count, 0);
  return (
    <>
      <Subject
        kind={`module, ${state}`}
        words={`It is ${STATE_WORDS[state]}.`}
        name={
          <>
            {name}
            <CopyButton text={name} what={`the name ${name}`} />
          </>
        }
      >
        <Facts>
          {file !== null && (
            <Fact name="file" wide>
              <span class="mono wrap">{file}</span>
            </Fact>
          )}
          <Fact name="sha256">
            {blob === null ? (
              <span class="dim">not shown</span>
            ) : (
              <>
                <code title={blob}>{blob.slice(0, 12)}…</code>
                <CopyButton text={blob} what="the sha256 of its file" />
              </>
            )}
          </Fact>
          <Fact name="since">
            <CommitLink commit={since} />
          </Fact>
          {percpu && <Fact name="per-CPU">{counted(percpu.size, 'byte')}</Fact>}
        </Facts>
      </Subject>
      <Refusals model={model} name={name} />
      {module.host && <HostModuleFacts host={module.host} />}
      {Object.keys(module.parts).length > 0 && (
        <Part title="Parts">
          <Parts module={module} />
        </Part>
      )}
      {calls > 0 && (
        <Part title={`Static calls (${count(calls)})`}>
          <ClassBar classes={classes ?? []} />
          <ClassCounts classes={classes ?? []} />
        </Part>
      )}
      {module.host === undefined && (
        <Part title="Branches and veneers">
          <Branches module={module} />
        </Part>
      )}
      {module.sections.length > 0 && (
        <Part title={`Sections (${module.sections.length})`}>
          <Sections module={module} />
        </Part>
      )}
      <Part title="Uses and users">
        <Names title="uses" names={uses} />
        <Names title="used by" names={usedBy} />
      </Part>
      {module.host === undefined && <Symbols module={module} />}
    </>
  );
}

/** What the kernel refused of a module of this name, the newest first. */
function Refusals({ model, name }: ModuleViewProps) {
  const failures = model.scene.value?.summary.failures.filter(({ module }) => module === name) ?? [];
  if (failures.length === 0) return null;
  return (
    <Part title="Refused">
      <ul class="refusals">
        {failures.toReversed().map((failure) => (
          <li key={`${failure.commit} ${failure.op}`}>
            <CommitLink commit={failure.commit} />
            <Refusal refused={failure} />
          </li>
        ))}
      </ul>
    </Part>
  );
}
