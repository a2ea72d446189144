/** One machine's address space: the canvases, what is under the pointer, keys, and the same in words. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Model } from '../model/model.ts';
import { selection } from '../state/app.ts';
import { followCode, followSections } from './closer.ts';
import { described, factsOf, sentence } from './facts.ts';
import { followOpening } from './first-look.ts';
import { followPatched } from './patched.ts';
import { sitePlace } from './place.ts';
import { followPointer, type Pointed } from './pointer.ts';
import { openSpace, type Space } from './space-state.ts';
import { openStage } from './stage.ts';
import { Tooltip } from './tooltip.tsx';
import { pressed } from './walk.ts';

export interface SpaceViewProps {
  readonly model: Model;
  /** The machine that it is compared with. */
  readonly other: Model | null;
  /** Given once it is there, for keys that work everywhere on the page. */
  readonly onOpen?: (space: Space) => void;
}

/** Milliseconds that the picture has to stand still before it is described anew. */
const STILL_MS = 600;

export function SpaceView({ model, other, onOpen }: SpaceViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const space = useMemo(() => openSpace(model, other), [model, other]);
  const [pointed, setPointed] = useState<Pointed | null>(null);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    element.tabIndex = 0;
    onOpen?.(space);
    const stage = openStage(element, space);
    const stops = [
      stage.close,
      followPointer(element, space, setPointed),
      followSections(space),
      followCode(space),
      followPatched(space),
      followOpening(space),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [space]);

  const scene = model.scene.value;
  const { width, height } = space.size.value;
  const id = `space-${model.machine}`;
  return (
    <div class="space-view">
      <div
        class="space-stage"
        ref={box}
        role="application"
        aria-roledescription="map"
        aria-label={`Address space of ${model.machine}`}
        aria-describedby={`${id}-shown`}
        onKeyDown={(event) => {
          if (!event.ctrlKey && !event.metaKey && !event.altKey && pressed(space, event.key)) event.preventDefault();
        }}
      >
        {pointed !== null && scene !== null && (
          <Tooltip facts={factsOf(pointed.place, scene)} x={pointed.x} y={pointed.y} width={width} height={height} />
        )}
      </div>
      <Description id={`${id}-shown`} space={space} />
    </div>
  );
}

/** Kept in step with the viewport and the choice, not with each commit: a machine at work would never stop talking. */
function Description({ id, space }: { readonly id: string; readonly space: Space }) {
  const [text, setText] = useState('');
  const frame = space.frame.value;
  const chosen = selection.value;
  const patch = chosen?.kind === 'patch' ? space.patched.value.get(chosen.id) : undefined;
  const address = chosen?.kind === 'address' ? chosen.address : patch;
  const place = frame === null || address === undefined ? undefined : sitePlace(frame.scene, address);
  const site = frame === null || place === undefined ? '' : `Chosen: ${sentence(factsOf(place, frame.scene))}.`;
  useEffect(() => {
    if (frame === null) return;
    const timer = setTimeout(() => setText(`${described(frame.scene, frame.scale)} ${site}`), STILL_MS);
    return () => clearTimeout(timer);
  }, [frame?.scale.start, frame?.scale.end, frame?.scene.areas, site]);
  return (
    <p id={id} class="sr-only" aria-live="polite">
      {text}
    </p>
  );
}
