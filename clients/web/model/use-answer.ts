/** A question that is asked again whenever the position changes; the last answer stays until the next one is there. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Model } from './model.ts';
import type { QueryAnswer, QueryArgument, QueryName } from './queries/index.ts';

interface Answered<Q extends QueryName> {
  readonly machine: string;
  readonly asked: string;
  readonly answer: QueryAnswer<Q>;
}

/** Undefined until the first answer to this question. `argument` is compared by its JSON. */
export function useAnswer<Q extends QueryName>(
  model: Model,
  query: Q,
  argument: QueryArgument<Q>,
): QueryAnswer<Q> | undefined {
  const { asked, state } = useAsking(model, query, argument);
  return state?.machine === model.machine && state.asked === asked ? state.answer : undefined;
}

/** The answer to the question before this one stays until this one has its own: for questions that change while one scrolls. */
export function useLastAnswer<Q extends QueryName>(
  model: Model,
  query: Q,
  argument: QueryArgument<Q>,
): QueryAnswer<Q> | undefined {
  const { state } = useAsking(model, query, argument);
  return state?.machine === model.machine ? state.answer : undefined;
}

function useAsking<Q extends QueryName>(model: Model, query: Q, argument: QueryArgument<Q>) {
  const [state, setState] = useState<Answered<Q>>();
  const scene = model.scene.value;
  const asked = JSON.stringify(argument);
  /** Whose answer is waited for: one question is under way at a time; when the position moved on meanwhile, the next is asked. */
  const waiting = useRef<Model | null>(null);
  const wish = useRef({ model, asked, argument, seq: scene?.seq });
  wish.current = { model, asked, argument, seq: scene?.seq };

  useEffect(() => {
    // A model that was closed meanwhile answers no more.
    if (waiting.current === model) return;
    const ask = (): void => {
      const mine = wish.current;
      waiting.current = mine.model;
      void mine.model.ask(query, mine.argument).then((answer) => {
        const now = wish.current;
        if (now.model !== mine.model) return;
        waiting.current = null;
        setState({ machine: mine.model.machine, asked: mine.asked, answer });
        if (now.asked !== mine.asked || now.seq !== mine.seq) ask();
      });
    };
    ask();
  }, [model, query, asked, scene?.seq]);

  return { asked, state };
}
