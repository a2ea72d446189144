/** A static-call key: what it calls, its trampoline, and how many calls there are of each class. */
import { useMemo } from 'preact/hooks';
import { toHex } from '../../../protocol/address.ts';
import { counted } from '../../../protocol/count.ts';
import type { Arch } from '../asm/types.ts';
import type { Model } from '../model/model.ts';
import type { KeyRow } from '../model/scene.ts';
import { useAnswer } from '../model/use-answer.ts';
import { Address } from '../ui/address.tsx';
import { useAsm } from '../ui/asm.ts';
import { ClassBar, ClassCounts } from '../ui/class-bar.tsx';
import { type AddressViewProps, FollowFrom, useWhy } from './address-view.tsx';
import { CopyButton, Fact, Facts, Part } from './facts.tsx';
import { OwnerLink } from './links.tsx';
import { Listing } from './listing.tsx';
import { Named } from './named.tsx';
import { Refused } from './refused.tsx';
import { Subject } from './subject.tsx';
import { codeOf, useNames } from './use-names.ts';
import { Wrote } from './wrote.tsx';

export interface KeyViewProps {
  readonly model: Model;
  readonly arch: Arch;
  readonly name: string;
}

export function KeyView({ model, arch, name }: KeyViewProps) {
  const row = model.scene.value?.keys.find((key) => key.name === name);
  if (row === undefined) {
    return <Subject kind="static-call key" words="At this position there is no such key." name={name} />;
  }
  return <Key model={model} arch={arch} row={row} />;
}

function Key({ model, arch, row }: { readonly model: Model; readonly arch: Arch; readonly row: KeyRow }) {
  const { name, owner, address, func, calls, tramp, orig, patches, updates, owners, classes } = row;
  const detail = useAnswer(model, 'key', name);
  const literal = detail?.literal ?? null;
  const newest = detail?.newest ?? [];
  return (
    <>
      <Subject
        kind="static-call key"
        words="A function pointer that is built into every call of it: when it changes, the kernel rewrites the calls."
        name={
          <>
            {name}
            <CopyButton text={name} what={`the name ${name}`} />
          </>
        }
      >
        <ClassBar classes={classes} />
        <ClassCounts classes={classes} />
        <Facts>
          <Fact name="func" wide>
            <Named address={func} />
          </Fact>
          {calls !== func && (
            <Fact name="calls" wide>
              {calls === null ? 'nothing: func is NULL' : <Named address={calls} />}
            </Fact>
          )}
          <Fact name="tramp">
            <Address address={tramp} />
          </Fact>
          {literal !== null && (
            <Fact name="literal">
              <Address address={literal} />
            </Fact>
          )}
          {orig !== null && (
            <Fact name="orig">
              <Address address={orig} />
            </Fact>
          )}
          <Fact name="key">
            <Address address={address} />
          </Fact>
          <Fact name="owner">
            <OwnerLink name={owner} />
          </Fact>
          <Fact name="site_mods" wide>
            {detail && `${counted(detail.nodes, 'node')}, ${counted(detail.sites, 'site')}`}
          </Fact>
          <Fact name="newest" wide>
            <span class="chain">
              {newest.map((each) => (
                <OwnerLink key={each} name={each} />
              ))}
              {owners > newest.length && newest.length > 0 && (
                <span class="dim">and {counted(owners - newest.length, 'more', 'more')}</span>
              )}
            </span>
          </Fact>
          <Fact name="history" wide>
            {counted(updates, 'update')}, {counted(patches, 'patch', 'patches')}
          </Fact>
        </Facts>
      </Subject>
      <Trampoline model={model} arch={arch} row={row} bytes={detail?.bytes ?? ''} />
      <FollowFrom model={model} address={tramp} />
      <SetBy model={model} arch={arch} address={address} />
    </>
  );
}

interface TrampolineProps {
  readonly model: Model;
  readonly arch: Arch;
  readonly row: KeyRow;
  readonly bytes: string;
}

function Trampoline({ model, arch, row: { tramp, text }, bytes }: TrampolineProps) {
  const asm = useAsm();
  const lines = useMemo(() => {
    const told = asm?.split(arch, { address: toHex(tramp), bytes, text }) ?? [];
    return told.map((line) => ({ ...line, symbol: null }));
  }, [asm, arch, tramp, bytes, text]);
  const nameOf = useNames(
    model,
    useMemo(() => codeOf(lines), [lines]),
  );
  if (lines.length === 0) return null;
  return (
    <Part title="Trampoline">
      <Listing arch={arch} lines={lines} chosen={tramp} nameOf={nameOf} label="Instructions of the trampoline" />
    </Part>
  );
}

function SetBy({ model, arch, address }: AddressViewProps) {
  const { answer, error, stale } = useWhy(address);
  return (
    <Part title="What set func" stale={stale}>
      {error !== undefined && <Refused error={error} />}
      {answer !== undefined && <Wrote model={model} arch={arch} why={answer} />}
    </Part>
  );
}
