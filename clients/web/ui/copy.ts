/** To the clipboard, and said so: `said` names what is long. */
import { say } from './announce.ts';

export function copy(text: string, said = text): void {
  const refused = (): void => say('The browser does not let this page use the clipboard', 'problem');
  // Pages from other machines have none without TLS.
  const clipboard: Clipboard | undefined = navigator.clipboard;
  if (clipboard === undefined) refused();
  else clipboard.writeText(text).then(() => say(`Copied ${said}`), refused);
}
