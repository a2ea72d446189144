/** What one instruction does, in one sentence; how far it leads; its bit fields where somebody wants them. */
import { signal } from '@preact/signals';
import type { Explanation } from '../asm/explain.ts';
import type { Arch } from '../asm/types.ts';
import { useAsm } from '../ui/asm.ts';
import { Reach } from '../ui/reach.tsx';
import { Bits } from './bits.tsx';
import type { Line } from './lines.ts';

/** Whether bit fields are shown: a wish that outlives the line. */
const bitsOpen = signal(false);

/** Bytes: a branch that reaches as far as a call is worth a bar. */
const FAR = 2 ** 27 - 4;

export interface ExplainedProps {
  readonly arch: Arch;
  readonly line: Line;
  readonly explanation: Explanation;
}

export function Explained({ arch, line, explanation: { sentence, kind, reach } }: ExplainedProps) {
  const asm = useAsm();
  const goesFar = (kind === 'call' || kind === 'branch') && reach !== null && reach.max >= FAR;
  return (
    <div class="explained" data-testid="explained">
      <p>
        <code class="asm">
          <span class={`kind-${kind}`}>{line.text.split(' ', 1)[0]}</span>
        </code>{' '}
        {sentence}.
      </p>
      <p class="explained-more">
        <button
          type="button"
          aria-expanded={bitsOpen.value}
          onClick={() => {
            bitsOpen.value = !bitsOpen.value;
          }}
        >
          Bits
        </button>
        {goesFar && <Reach arch={arch} distance={reach.distance} />}
      </p>
      {bitsOpen.value && asm !== null && <Bits encoding={asm.fields(arch, line)} />}
    </div>
  );
}
