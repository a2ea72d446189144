/** To the clipboard, and said so: `said` names what is long. */
import { say } from './announce.ts';

export function copy(text: string, said = text): void {
  navigator.clipboard.writeText(text).then(
    () => say(`Copied ${said}`),
    () => say('The browser does not let this page use the clipboard'),
  );
}
