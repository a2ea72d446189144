/** One patch: what was written where, why, and how it got there while other CPUs ran. */
import { fromHex } from '../../../protocol/address.ts';
import type { Commit } from '../../../protocol/commit.ts';
import { counted } from '../../../protocol/count.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import { moment } from '../../../protocol/moment.ts';
import type { Arch } from '../asm/types.ts';
import { commitOf } from '../model/commit-of.ts';
import { commandWords } from '../model/feed/notes.ts';
import { type PatchId, patchPlace } from '../state/selection.ts';
import { ATOMICITY_WORDS, AtomicityMark } from '../ui/atomicity.tsx';
import { ClassMark } from '../ui/class-mark.tsx';
import { Code } from '../ui/code.tsx';
import { Reach } from '../ui/reach.tsx';
import { when } from '../ui/when.ts';
import { BitChange } from './bit-change.tsx';
import { Fact, Facts, Part } from './facts.tsx';
import { CommitLink, KeyLink, OwnerLink } from './links.tsx';
import { Named } from './named.tsx';
import { useAskedAt } from './position.ts';
import { useQuestion } from './question.ts';
import { Refused } from './refused.tsx';
import { Subject } from './subject.tsx';
import { PATCHED_WORDS } from './words.ts';

type Patched = EventOf<'StaticCallPatched'>;

export interface PatchViewProps {
  readonly arch: Arch;
  readonly id: PatchId;
}

export function PatchView({ arch, id }: PatchViewProps) {
  const asked = useAskedAt();
  const { commit: number, index } = patchPlace(id);
  const { answer, error, stale } = useQuestion(asked && `${asked.machine.name} ${asked.epoch} commit ${number}`, () => {
    if (asked === null) throw new TypeError('there is no position');
    return commitOf(asked.machine, asked.epoch, number);
  });
  const event = stale ? undefined : answer?.events[index];
  return (
    <>
      <Subject
        kind="patch"
        words={
          event?.type === 'StaticCallPatched'
            ? `The kernel rewrote ${PATCHED_WORDS[event.what]} of ${event.key}: ${event.reason}.`
            : answer !== undefined && !stale
              ? `Commit ${number} has no patch of this number.`
              : undefined
        }
        name={id}
      >
        {error !== undefined && <Refused error={error} />}
        {answer !== undefined && event?.type === 'StaticCallPatched' && (
          <PatchFacts arch={arch} commit={answer} event={event} />
        )}
      </Subject>
      {event?.type === 'StaticCallPatched' && <Change arch={arch} event={event} />}
    </>
  );
}

interface PatchFactsProps {
  readonly arch: Arch;
  readonly commit: Commit;
  readonly event: Patched;
}

function PatchFacts({ arch, commit, event }: PatchFactsProps) {
  const { key, owner, address, to, distance, hops, class: kind } = event;
  const [from, now] = to;
  return (
    <Facts>
      <Fact name="commit" wide>
        <CommitLink commit={commit.number} /> <span>{commandWords(commit.command)}</span>
      </Fact>
      <Fact name="time" wide>
        <time class="number" dateTime={moment(commit.time)} title={`${moment(commit.time)} (UTC)`}>
          {when(commit.time)}
        </time>
      </Fact>
      <Fact name="address" wide>
        <Named address={fromHex(address)} />
      </Fact>
      <Fact name="key">
        <KeyLink name={key} />
      </Fact>
      <Fact name="owner">
        <OwnerLink name={owner} />
      </Fact>
      {from !== null && (
        <Fact name="led to" wide>
          <Named address={fromHex(from)} />
        </Fact>
      )}
      {now !== null && (
        <Fact name="leads to" wide>
          <Named address={fromHex(now)} />
        </Fact>
      )}
      {distance !== null && (
        <Fact name="to func" wide>
          <Reach arch={arch} distance={distance} />
        </Fact>
      )}
      <Fact name="class" wide>
        <ClassMark name={kind} />
        <span class="dim">
          {hops[0]} → {counted(hops[1], 'branch', 'branches')}
        </span>
      </Fact>
    </Facts>
  );
}

interface ChangeProps {
  readonly arch: Arch;
  readonly event: Patched;
}

function Change({ arch, event: { text, bytes, atomicity } }: ChangeProps) {
  return (
    <>
      <Part title="Before and after">
        <p class="change">
          <del>{each(text[0])}</del>
          <ins>{each(text[1])}</ins>
        </p>
        <BitChange arch={arch} before={bytes[0]} after={bytes[1]} />
      </Part>
      <Part title="How it was written">
        <p>
          <AtomicityMark name={atomicity} /> {ATOMICITY_WORDS[atomicity]}
        </p>
      </Part>
    </>
  );
}

const each = (text: string) => text.split('; ').map((one, index) => <Code key={`${index}${one}`} text={one} />);
