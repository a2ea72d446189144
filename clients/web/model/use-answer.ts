/** A question that is asked again whenever the position changes; the last answer stays until the next one is there. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { same } from '../../../protocol/same.ts';
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

/** Draws nothing anew when the picture changes, but when an answer says something else. */
function useAsking<Q extends QueryName>(model: Model, query: Q, argument: QueryArgument<Q>) {
  const [state, setState] = useState<Answered<Q>>();
  const asked = JSON.stringify(argument);
  /** Whose answer is waited for: one question is under way at a time; when the position moved on meanwhile, the next is asked. */
  const waiting = useRef<Model | null>(null);
  const wish = useRef({ model, asked, argument });
  wish.current = { model, asked, argument };
  const last = useRef<Answered<Q>>(undefined);
  /** Undefined once nobody looks any more. */
  const again = useRef<() => void>(undefined);

  useEffect(() => {
    const ask = (): void => {
      // A model that was closed meanwhile answers no more.
      if (waiting.current === model) return;
      const mine = wish.current;
      const seq = mine.model.scene.peek()?.seq;
      waiting.current = mine.model;
      void mine.model.ask(query, mine.argument).then((answer) => {
        const now = wish.current;
        if (now.model !== mine.model) return;
        waiting.current = null;
        const told = { machine: mine.model.machine, asked: mine.asked, answer };
        if (!same(last.current, told)) setState(told);
        last.current = told;
        if (now.asked !== mine.asked || now.model.scene.peek()?.seq !== seq) again.current?.();
      });
    };
    again.current = ask;
    const stop = model.scene.subscribe(ask);
    return () => {
      stop();
      again.current = undefined;
    };
  }, [model, query, asked]);

  return { asked, state };
}
