/** A question that is asked again whenever the position changes; the last answer stays until the next one is there. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Model } from './model.ts';
import type { QueryAnswer, QueryArgument, QueryName } from './queries/index.ts';

/** Undefined until the first answer to this question. `argument` is compared by its JSON. */
export function useAnswer<Q extends QueryName>(
  model: Model,
  query: Q,
  argument: QueryArgument<Q>,
): QueryAnswer<Q> | undefined {
  const [state, setState] = useState<{ readonly asked: string; readonly answer: QueryAnswer<Q> }>();
  const scene = model.scene.value;
  const asked = `${model.machine} ${query} ${JSON.stringify(argument)}`;
  /** One question is under way at a time; when its answer comes and the position moved on, the next one is asked. */
  const busy = useRef(false);
  const wish = useRef({ asked, argument, seq: scene?.seq });
  wish.current = { asked, argument, seq: scene?.seq };

  useEffect(() => {
    if (busy.current) return;
    const ask = (): void => {
      const mine = wish.current;
      busy.current = true;
      void model.ask(query, mine.argument).then((answer) => {
        busy.current = false;
        setState({ asked: mine.asked, answer });
        if (wish.current.asked !== mine.asked || wish.current.seq !== mine.seq) ask();
      });
    };
    ask();
  }, [model, query, asked, scene?.seq]);

  return state?.asked === asked ? state.answer : undefined;
}
