/** Why the last wish can't be done, and what can be done instead. */
import type { Problem } from '../model/messages.ts';
import { client, goLive, goTo } from '../state/app.ts';
import { say } from '../ui/announce.ts';
import { troubleOf, troubleText } from '../ui/trouble.ts';
import { showAny, startState } from './start.ts';

interface Way {
  readonly label: string;
  readonly act: () => void;
}

interface Advice {
  /** Instead of the daemon's words. */
  readonly words?: string;
  readonly ways: readonly Way[];
}

export function ProblemBanner({ problem, machine }: { readonly problem: Problem; readonly machine: string }) {
  const { words = problem.message, ways } = adviceFor(problem, machine);
  return (
    <div class="banner problem" role="alert">
      <p>
        {words} <code>{problem.code}</code>
      </p>
      {ways.map(({ label, act }) => (
        <button type="button" key={label} onClick={act}>
          {label}
        </button>
      ))}
    </div>
  );
}

const NEWEST: Way = { label: 'Go to the newest commit', act: goLive };
const ANOTHER: Way = { label: 'Show another machine', act: () => void showAny() };
const RELOAD: Way = { label: 'Reload the page', act: () => location.reload() };

function adviceFor({ code, message }: Problem, machine: string): Advice {
  switch (code) {
    case 'no-such-machine':
      return {
        words: `There is no machine ${machine}: it was removed, or never was here.`,
        ways: [ANOTHER, { label: 'Look again', act: goLive }],
      };
    case 'epoch-changed':
      return {
        words: `${machine} was removed and made anew: the position is of the one before, which is gone.`,
        ways: [{ label: 'Show the new one', act: goLive }],
      };
    case 'position-trimmed':
      return {
        words: 'The daemon does not keep commits for so long: this one is gone.',
        ways: [{ label: 'Go to the oldest commit', act: () => void goToOldest(machine) }, NEWEST],
      };
    case 'position-ahead':
      return { words: `${machine} has not come so far.`, ways: [NEWEST] };
    case 'unauthorized':
      return {
        words: 'The daemon does not take this token any more.',
        ways: [
          {
            label: 'Give another token',
            act: () => {
              startState.value = 'needs-token';
            },
          },
        ],
      };
    case 'bad-command':
      return message.startsWith('/name ') ? adviceOnName(machine) : { ways: [NEWEST] };
    case 'bad-position':
      return { ...positionWords(message), ways: [NEWEST] };
    case 'page-failed':
    case 'bad-answer':
    case 'gap':
      return { ways: [RELOAD] };
    default:
      return { ways: [NEWEST] };
  }
}

/** An address of the page can name anything. */
const adviceOnName = (machine: string): Advice => ({
  words: `“${machine}” is no name of a machine: those are of a-z, 0-9, dots, underscores and dashes.`,
  ways: [ANOTHER],
});

/** The daemon's words name the place in a question that nobody here has seen. */
function positionWords(message: string): Pick<Advice, 'words'> {
  const [, text] = /^query: \/at "(.*?)": /.exec(message) ?? [];
  return text === undefined ? {} : { words: `“${text}” is no position: a commit, -100, @bookmark.` };
}

async function goToOldest(machine: string): Promise<void> {
  try {
    const { first } = await client.machine(machine).timeline({ points: 1 });
    goTo(first);
  } catch (error) {
    say(troubleText(troubleOf(error)), 'problem');
  }
}
