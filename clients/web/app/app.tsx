/** The page: four parts and the inspector, all of one position; what covers them now and then. */

import { ComparisonPanel } from '../actions/comparison-panel.tsx';
import { Feed } from '../feed/feed.tsx';
import { Inspector } from '../inspector/inspector.tsx';
import { Keys } from '../keys/keys.tsx';
import { Space } from '../space/space.tsx';
import { model } from '../state/app.ts';
import { Time } from '../time/time.tsx';
import { Tour } from '../tour/tour.tsx';
import { Announcer } from './announcer.tsx';
import { isAway } from './away.ts';
import { Header } from './header.tsx';
import { Help } from './help.tsx';
import { Narrator } from './narrator.tsx';
import { SkipLinks } from './skip-links.tsx';
import { startState } from './start.ts';
import { Status } from './status.tsx';
import { TokenQuestion } from './token-question.tsx';
import { Welcome } from './welcome.tsx';

export function App() {
  const asks = startState.value === 'needs-token';
  const parts = model.value !== null && !asks;
  return (
    <>
      <SkipLinks />
      <Header />
      <Status />
      {parts && <Tour />}
      <main class={`${parts ? 'parts' : 'bare'}${isAway.value ? ' stale' : ''}`}>
        {asks && <TokenQuestion />}
        {startState.value === 'no-machine' && model.value === null && <Welcome />}
        {parts && (
          <>
            <Space />
            <ComparisonPanel />
            <Keys />
            <Feed />
            <Inspector />
            <Time />
          </>
        )}
      </main>
      <Help />
      <Announcer />
      <Narrator />
    </>
  );
}
