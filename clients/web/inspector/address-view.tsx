/** Whatever is at an address: a site, a PLT entry, a trampoline, a key's memory, code, data, a hole. */
import { toHex } from '../../../protocol/address.ts';
import type { WhyAnswer } from '../../../protocol/inspect.ts';
import type { Arch } from '../asm/types.ts';
import type { Model } from '../model/model.ts';
import type { Spot } from '../model/queries/spot.ts';
import { useAnswer } from '../model/use-answer.ts';
import { useAsm } from '../ui/asm.ts';
import { hasCode } from './code-around.ts';
import { CodePart } from './code-part.tsx';
import { Part } from './facts.tsx';
import { Follow } from './follow.tsx';
import { useAskedAt } from './position.ts';
import { useQuestion } from './question.ts';
import { Refused } from './refused.tsx';
import { SpotFacts } from './spot-facts.tsx';
import { Wrote } from './wrote.tsx';

export interface AddressViewProps {
  readonly model: Model;
  readonly arch: Arch;
  readonly address: number;
}

export function AddressView({ model, arch, address }: AddressViewProps) {
  const spot = useAnswer(model, 'spot', address);
  const why = useWhy(address);
  // An answer of another address greys out; its facts are nobody's here.
  const own = why.answer?.address === toHex(address) ? why.answer : undefined;
  if (spot === undefined) return null;
  // Beside the code is said whether its module's file is there.
  const said = hasCode(spot) ? spot.owner : null;
  return (
    <>
      <SpotFacts arch={arch} address={address} spot={spot} why={own} />
      {hasCode(spot) && <CodePart model={model} arch={arch} spot={spot} known={own} />}
      <FollowPart model={model} spot={spot} why={own} said={said} />
      <Part title="What wrote this" stale={why.stale}>
        {why.error !== undefined && <Refused error={why.error} />}
        {why.answer !== undefined && <Wrote model={model} arch={arch} why={why.answer} said={said} />}
      </Part>
    </>
  );
}

export function useWhy(address: number) {
  const asked = useAskedAt();
  const hex = toHex(address);
  return useQuestion<WhyAnswer>(asked && `${asked.key} why ${hex}`, () => {
    if (asked === null) throw new TypeError('there is no position');
    return asked.machine.why(hex, { at: asked.at });
  });
}

interface FollowPartProps {
  readonly model: Model;
  readonly spot: Spot;
  readonly why: WhyAnswer | undefined;
  readonly said: string | null;
}

/** Only what branches can be followed. */
function FollowPart({ model, spot, why, said }: FollowPartProps) {
  const asm = useAsm();
  const [first] = asm === null || !why?.text ? [] : asm.tokens(why.text);
  const branches = first?.type === 'mnemonic' && (first.kind === 'call' || first.kind === 'branch');
  const calls = spot.kind === 'site' || spot.kind === 'trampoline' || (spot.kind === 'plt' && spot.veneer !== null);
  return calls || (spot.kind === 'section' && branches) ? (
    <FollowFrom model={model} address={spot.start} said={said} />
  ) : null;
}

export interface FollowFromProps {
  readonly model: Model;
  readonly address: number;
  /** The module of which is said above that its file is not there. */
  readonly said?: string | null;
}

export function FollowFrom({ model, address, said = null }: FollowFromProps) {
  const asked = useAskedAt();
  const hex = toHex(address);
  const { answer, error, stale } = useQuestion(asked && `${asked.key} trace ${hex}`, () => {
    if (asked === null) throw new TypeError('there is no position');
    return asked.machine.trace(hex, { at: asked.at });
  });
  // A conditional branch, or one by a register: where it goes is not in memory.
  if (error?.code === 'bad-command') return null;
  return (
    <Part title="Follow this call" stale={stale}>
      {error !== undefined && <Refused error={error} />}
      {answer !== undefined && <Follow model={model} trace={answer} said={said} />}
    </Part>
  );
}
