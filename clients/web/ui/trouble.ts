/** What a person reads when the daemon says no: its words, and what to do. */
import { ClientError } from '../../sdk/errors.ts';

export interface Trouble {
  readonly text: string;
  /** Empty where the daemon's words say it all. */
  readonly help: string;
}

const HELP: Readonly<Record<string, string>> = {
  'no-such-blob': 'The daemon does not have the bytes of a module file: drop the file on the page, then try again.',
  'no-such-machine': 'Somebody removed it, or it was never there: choose another one from the machine menu.',
  'machine-exists': 'Choose another name, or remove the machine of that name first.',
  'version-conflict':
    'Somebody else changed the machine at the same moment: look at what is there now, then try again.',
  'position-trimmed': 'The log keeps no commits that far back: choose a later one.',
  'too-large': 'The daemon takes nothing of that size.',
  'too-busy': 'Try again in a moment.',
  'log-unavailable': 'The store does not answer the daemon: try again in a moment.',
  'shutting-down': 'The daemon is about to stop: try again when it is back.',
  unauthorized: 'Reload the page and give a token.',
  unreachable: 'The daemon does not answer: try again when it is back.',
};

/** Throws what is no error of the daemon: that is a mistake in the page. */
export function troubleOf(error: unknown): Trouble {
  if (!(error instanceof ClientError)) throw error;
  const { code, message } = error;
  if (code !== 'forbidden') return { text: message, help: HELP[code] ?? '' };
  const watches = message.includes('the token has watch');
  return {
    text: watches ? 'This token may watch only.' : `This token may not do that: ${message}.`,
    help: 'Whoever runs the daemon can give you one of the role operate or admin: they are in its --token-file.',
  };
}

/** In one line. */
export const troubleText = ({ text, help }: Trouble): string => (help === '' ? text : `${text} ${help}`);
