/** The card of a stop, between the header and the parts: it says what is seen, and hides nothing of it. */
import { useEffect, useRef } from 'preact/hooks';
import { useShortcuts } from '../app/shortcuts.ts';
import { hear } from '../ui/announce.ts';
import { arrival, endTour, hasStrayed, moment, move, showMoment, stopNumber, visit } from './guide.ts';
import { type Panel, STOPS, type Stop } from './stops.ts';
import { Words } from './words.tsx';

const PANELS: Readonly<Record<Panel, string>> = {
  space: 'the address space',
  keys: 'the keys',
  feed: 'the patches',
  time: 'the time',
  inspector: 'the inspector',
};

export function TourCard({ stop }: { readonly stop: Stop }) {
  const title = useRef<HTMLHeadingElement>(null);
  const close = (): void => {
    endTour();
    document.getElementById('take-the-tour')?.focus();
  };
  useShortcuts(
    [
      { key: 'ArrowRight', does: 'the next stop', act: () => move(1) },
      { key: 'ArrowLeft', does: 'the stop before', act: () => move(-1) },
      { key: 'Escape', does: 'end the tour', act: close },
    ],
    'Tour',
  );
  useEffect(() => title.current?.focus({ preventScroll: true }), []);
  useEffect(() => pointAt(stop.look), [stop]);
  useEffect(() => hear(`Stop ${stopNumber.peek()} of ${STOPS.length}: ${stop.title}. ${stop.text.join(' ')}`), [stop]);

  const number = stopNumber.value;
  return (
    <section class="tour-card" aria-labelledby="tour-title">
      <header>
        <p class="dim">
          Tour, stop <span class="number">{number}</span> of <span class="number">{STOPS.length}</span>
        </p>
        <h2 id="tour-title" ref={title} tabIndex={-1}>
          {stop.title}
        </h2>
        <Stops number={number} />
      </header>
      <div class="tour-text">
        {stop.text.map((text) => (
          <Words key={text} text={text} />
        ))}
      </div>
      <div class="tour-controls">
        <div class="tour-moves">
          <button type="button" onClick={() => move(-1)} disabled={number === 1}>
            ← Back
          </button>
          {number < STOPS.length ? (
            <button type="button" class="primary" onClick={() => move(1)}>
              Next →
            </button>
          ) : (
            <button type="button" class="primary" onClick={close}>
              Done
            </button>
          )}
          <button type="button" class="quiet" aria-label="End the tour" title="End the tour (Escape)" onClick={close}>
            ✕
          </button>
        </div>
        <Here stop={stop} />
      </div>
    </section>
  );
}

/** A mark for each stop, those that were passed filled; each goes there. */
function Stops({ number }: { readonly number: number }) {
  return (
    <ol class="tour-stops" aria-label="Stops">
      {STOPS.map((one, index) => (
        <li key={one.id}>
          <button
            type="button"
            class={index < number ? 'passed' : ''}
            aria-current={index + 1 === number ? 'step' : undefined}
            aria-label={`${index + 1}: ${one.title}`}
            title={one.title}
            onClick={() => visit(one)}
          />
        </li>
      ))}
    </ol>
  );
}

/** How the page comes to the stop, and where it is between the stop's two positions. */
function Here({ stop }: { readonly stop: Stop }) {
  const there = arrival.value;
  if (there.state === 'coming') return <p class="dim">Bringing its session into the daemon …</p>;
  if (there.state === 'refused') {
    return (
      <p class="tour-refused" role="alert">
        {there.watchOnly
          ? 'This stop needs a recorded session in the daemon, and your token may watch only: take the tour with a token that may operate.'
          : `This stop can’t be shown now: ${there.message}`}
      </p>
    );
  }
  if (stop.before === undefined) {
    return (
      <p class="dim">
        Look at {PANELS[stop.look]}.{' '}
        {hasStrayed.value && (
          <button type="button" onClick={() => visit(stop)}>
            Show it again
          </button>
        )}
      </p>
    );
  }
  return (
    <div class="tour-here">
      <span class="dim">Look at {PANELS[stop.look]}:</span>
      <fieldset class="switch">
        <legend class="sr-only">Moment</legend>
        {(['before', 'after'] as const).map((which) => (
          <button key={which} type="button" aria-pressed={moment.value === which} onClick={() => showMoment(which)}>
            {which}
          </button>
        ))}
      </fieldset>
    </div>
  );
}

/** Rings the part of the page (tour.css), and scrolls it to where the card leaves it in sight. */
function pointAt(panel: Panel): () => void {
  const { dataset } = document.documentElement;
  dataset.look = panel;
  const place = document.getElementById(panel);
  const card = document.querySelector('.tour-card')?.getBoundingClientRect();
  if (place !== null && card !== undefined) {
    const isBelow = card.bottom >= innerHeight;
    const [from, to] = isBelow ? [0, card.top] : [card.bottom, innerHeight];
    const { top, bottom } = place.getBoundingClientRect();
    if (top < from || bottom > to) place.scrollIntoView({ block: 'start' });
  }
  return () => delete dataset.look;
}
