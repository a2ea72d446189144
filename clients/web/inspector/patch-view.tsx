/** One patch: what was written where, why, and how it got there while other CPUs ran. */
import { fromHex, type Hex } from '../../../protocol/address.ts';
import type { Commit } from '../../../protocol/commit.ts';
import { counted } from '../../../protocol/count.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import type { Arch } from '../asm/types.ts';
import { commandWords } from '../model/feed/notes.ts';
import { Address } from '../ui/address.tsx';
import { ATOMICITY_WORDS, AtomicityMark } from '../ui/atomicity.tsx';
import { CLASS_WORDS, ClassMark } from '../ui/class-mark.tsx';
import { Code } from '../ui/code.tsx';
import { Reach } from '../ui/reach.tsx';
import { symbolAt } from '../ui/symbols.ts';
import { BitChange } from './bit-change.tsx';
import { commitOf } from './commit-of.ts';
import { Fact, Facts, Part } from './facts.tsx';
import { CommitLink, KeyLink, OwnerLink } from './links.tsx';
import { useAskedAt } from './position.ts';
import { useQuestion } from './question.ts';
import { Refused } from './refused.tsx';
import { PATCHED_WORDS } from './words.ts';

type Patched = EventOf<'StaticCallPatched'>;

export interface PatchViewProps {
  readonly arch: Arch;
  /** `COMMIT.INDEX`. */
  readonly id: string;
}

export function PatchView({ arch, id }: PatchViewProps) {
  const asked = useAskedAt();
  const [number = Number.NaN, index = Number.NaN] = id.split('.').map(Number);
  const { answer, error, stale } = useQuestion(asked && `${asked.machine.name} ${asked.epoch} commit ${number}`, () => {
    if (asked === null) throw new TypeError('there is no position');
    return commitOf(asked.machine, asked.epoch, number);
  });
  const event = stale ? undefined : answer?.events[index];
  return (
    <>
      <div class="subject">
        <p class="subject-kind">patch</p>
        <p class="subject-name number">{id}</p>
        {error !== undefined && <Refused error={error} />}
        {answer !== undefined && !stale && event?.type !== 'StaticCallPatched' && (
          <p class="subject-words">Commit {number} has no patch of this number.</p>
        )}
      </div>
      {answer !== undefined && event?.type === 'StaticCallPatched' && (
        <Patch arch={arch} commit={answer} event={event} />
      )}
    </>
  );
}

interface PatchProps {
  readonly arch: Arch;
  readonly commit: Commit;
  readonly event: Patched;
}

function Patch({ arch, commit, event }: PatchProps) {
  const { what, key, owner, address, bytes, text, to, distance, hops, class: kind, atomicity, reason } = event;
  return (
    <>
      <div class="subject">
        <p class="subject-words">{`The kernel rewrote ${PATCHED_WORDS[what]} of ${key}: ${reason}.`}</p>
        <Facts>
          <Fact name="commit">
            <CommitLink commit={commit.number} /> <span>{commandWords(commit.command)}</span>
          </Fact>
          <Fact name="time">
            <time dateTime={new Date(commit.time).toISOString()}>{new Date(commit.time).toLocaleString('en')}</time>
          </Fact>
          <Fact name="address">
            <Address address={fromHex(address)} />
          </Fact>
          <Fact name="key">
            <KeyLink name={key} />
          </Fact>
          <Fact name="owner">
            <OwnerLink name={owner} />
          </Fact>
          <Fact name="led to">
            <Target address={to[0]} />
          </Fact>
          <Fact name="leads to">
            <Target address={to[1]} />
          </Fact>
          {distance !== null && (
            <Fact name="func is">
              <span class={`class-${kind}`}>
                <Reach arch={arch} distance={distance} />
              </span>
            </Fact>
          )}
          <Fact name="class">
            <ClassMark name={kind} /> {CLASS_WORDS[kind].name}
            <span class="dim">
              , {hops[0]} → {counted(hops[1], 'branch', 'branches')}
            </span>
          </Fact>
        </Facts>
      </div>
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

function Target({ address }: { readonly address: Hex | null }) {
  if (address === null) return <span class="dim">nothing that one branch says</span>;
  const at = fromHex(address);
  return (
    <>
      <Address address={at} /> <span class="mono symbol">{symbolAt(at) ?? ''}</span>
    </>
  );
}
