/** An instruction as people read it: the mnemonic coloured by what it is for, addresses as buttons that go where they lead. */
import { fromHex, type Hex } from '../../../protocol/address.ts';
import type { Kind, NameOf } from '../asm/types.ts';
import { hover, select, selection } from '../state/app.ts';
import { useAsm } from './asm.ts';
import { lights } from './lights.ts';
import './code.css';

export interface CodeProps {
  /** Several instructions may be joined by `; `. */
  readonly text: string;
  /** What addresses are called, where that is known. */
  readonly nameOf?: NameOf;
  /** -1 takes the addresses out of the order of Tab: for lists that move with the arrow keys. */
  readonly tabIndex?: 0 | -1;
}

export function Code({ text, nameOf, tabIndex = 0 }: CodeProps) {
  const asm = useAsm();
  if (asm === null) return <code class="asm">{text}</code>;
  let kind: Kind = 'other';
  return (
    <code class="asm">
      {asm.tokens(text).map((token, index) => {
        const key = `${index}${token.text}`;
        if (token.type === 'mnemonic') kind = token.kind;
        if (token.type !== 'address') {
          return (
            <span key={key} class={token.type === 'mnemonic' ? `kind-${token.kind}` : `token-${token.type}`}>
              {token.text}
            </span>
          );
        }
        // The page that an adrp names is the start of nothing.
        const name = kind === 'address' ? null : nameOf?.(token.address);
        return <Operand key={key} address={token.address} name={name ?? null} tabIndex={tabIndex} />;
      })}
    </code>
  );
}

interface OperandProps {
  readonly address: Hex;
  readonly name: string | null;
  readonly tabIndex: 0 | -1;
}

function Operand({ address: hex, name, tabIndex }: OperandProps) {
  const address = fromHex(hex);
  const on = lights({ kind: 'address', address });
  return (
    <button
      type="button"
      class={isLit(address) ? 'operand lit' : 'operand'}
      tabIndex={tabIndex}
      title={name === null ? `Inspect ${hex}` : `Inspect ${name}, ${hex}`}
      onClick={() => select({ kind: 'address', address })}
      {...on}
    >
      {name ?? hex}
    </button>
  );
}

/** Whether the pointer is on this address somewhere, or it is chosen. */
export const isLit = (address: number): boolean =>
  [hover.value, selection.value].some((one) => one?.kind === 'address' && one.address === address);
