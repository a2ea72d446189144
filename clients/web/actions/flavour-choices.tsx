/** The flavours of an architecture, each with what it is. */
import { FLAVOURS_OF } from '../../../protocol/flavours.ts';
import type { Flavour, MachineProfile } from '../../../protocol/profile.ts';
import { FLAVOUR_WORDS } from './flavours.ts';

export interface FlavourChoicesProps {
  readonly arch: MachineProfile['arch'];
  /** Empty: no static calls. */
  readonly flavour: Flavour | '';
  readonly choose: (flavour: Flavour | '') => void;
}

export function FlavourChoices({ arch, flavour: chosen, choose }: FlavourChoicesProps) {
  return (
    <fieldset class="choices">
      <legend>Static calls</legend>
      {FLAVOURS_OF[arch].map((flavour) => (
        <Choice
          key={flavour}
          name={flavour}
          words={FLAVOUR_WORDS[flavour]}
          checked={chosen === flavour}
          choose={() => choose(flavour)}
        />
      ))}
      <Choice
        name="none"
        words="No static calls: modules are placed and linked, nothing is patched."
        checked={chosen === ''}
        choose={() => choose('')}
      />
    </fieldset>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly words: string;
  readonly checked: boolean;
  readonly choose: () => void;
}

function Choice({ name, words, checked, choose }: ChoiceProps) {
  const id = `flavour-${name}`;
  return (
    <div class="choice">
      <input type="radio" name="flavour" id={id} checked={checked} aria-describedby={`${id}-words`} onChange={choose} />
      <label for={id}>{name}</label>
      <span />
      <p id={`${id}-words`}>{words}</p>
    </div>
  );
}
