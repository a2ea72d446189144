/** A link to what is shown, that says the position also where the page is live: it must show the same tomorrow. */
import { linkState, scene } from '../state/app.ts';
import { linkText } from '../state/link.ts';

export function permalinkHere(): string {
  const now = scene.peek();
  const at = now === null || now.epoch === '' ? null : `${now.epoch}:${now.commit}`;
  return `${location.origin}${location.pathname}${linkText({ ...linkState.peek(), at })}`;
}
