/** To the clipboard, and said so. */
import { say } from './announce.ts';

export function copy(text: string): void {
  navigator.clipboard.writeText(text).then(
    () => say(`Copied ${text}`),
    () => say('The browser does not let this page use the clipboard'),
  );
}
