/** While a machine is watched live: the moment when its first veneer appears. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Scene } from '../model/scene.ts';
import { scene, select, span } from '../state/app.ts';
import type { Span } from '../state/link.ts';
import { hear } from '../ui/announce.ts';
import { Callout } from '../ui/callout.tsx';

interface Found {
  readonly epoch: string;
  readonly module: string;
  readonly address: number;
  readonly around: Span;
}

/** Bytes that are shown on both sides of the module. */
const MARGIN = 2 ** 16;

const found = signal<Found | null>(null);

export function FirstVeneer() {
  const now = scene.value;
  const last = useRef<Scene | null>(null);
  useEffect(() => {
    const first = now === null ? null : firstVeneer(last.current, now);
    last.current = now;
    if (first === null) return;
    found.value = first;
    hear(`The first veneer appeared, in ${first.module}.`);
  }, [now]);
  const there = found.value;
  if (there === null || there.epoch !== now?.epoch) return null;
  const dismiss = (): void => {
    found.value = null;
  };
  return (
    <Callout label="The first veneer" dismiss={dismiss}>
      <p>
        <strong>The first veneer.</strong> A call in <code>{there.module}</code> is farther from its target than one
        branch reaches, and goes by way of a longer jump in the module’s PLT.
      </p>
      <button
        type="button"
        onClick={() => {
          select({ kind: 'address', address: there.address });
          span.value = there.around;
          dismiss();
        }}
      >
        Show me
      </button>
    </Callout>
  );
}

/** Null unless it came between two scenes of one machine that was live in both. */
function firstVeneer(before: Scene | null, now: Scene): Found | null {
  if (before?.mode !== 'live' || now.mode !== 'live' || before.epoch !== now.epoch) return null;
  if (before.summary.now.veneers > 0 || now.summary.now.veneers === 0) return null;
  const { veneers, areas, names, epoch } = now;
  const [address] = veneers.address;
  const [module] = veneers.module;
  if (address === undefined || module === undefined) return null;
  const area = areas.address.findIndex((start, i) => start <= address && address < start + (areas.size[i] ?? 0));
  const start = areas.address[area] ?? address;
  const end = start + (areas.size[area] ?? 0);
  return { epoch, address, module: names[module] ?? '', around: { start: start - MARGIN, end: end + MARGIN } };
}
