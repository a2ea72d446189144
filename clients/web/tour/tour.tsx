/** The guided tour: the key that begins it, and the card while it is under way. */
import './tour.css';
import { useEffect } from 'preact/hooks';
import { useShortcuts } from '../app/shortcuts.ts';
import { tourStop } from '../state/app.ts';
import { TourCard } from './card.tsx';
import { FirstVeneer } from './first-veneer.tsx';
import { FirstVisit } from './first-visit.tsx';
import { beginTour, stop, visitLinked } from './guide.ts';

export function Tour() {
  useShortcuts([{ key: 't', does: 'take the tour', act: beginTour }], 'Tour');
  useEffect(visitLinked, [tourStop.value]);
  if (stop.value !== null) return <TourCard stop={stop.value} />;
  return (
    <>
      <FirstVisit />
      <FirstVeneer />
    </>
  );
}

/** For the header. */
export function TourButton() {
  return (
    <button type="button" id="take-the-tour" aria-pressed={tourStop.value !== null} onClick={beginTour}>
      Take the tour
    </button>
  );
}
