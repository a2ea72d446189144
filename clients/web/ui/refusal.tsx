/** A refusal by the kernel: its own words, what they mean, and what would help. */
import { explainRefusal, type Refused } from './refusal-words.ts';
import './refusal.css';

export { explainRefusal, type RefusalWords, type Refused } from './refusal-words.ts';

export function Refusal({ refused }: { readonly refused: Refused }) {
  const { op, module, errno, words } = refused;
  const { means, fix } = explainRefusal(refused);
  return (
    <div class="refusal">
      <p>
        <strong>
          {op} {module}
        </strong>{' '}
        <code class="errno">{errno}</code>
      </p>
      {words !== '' && <pre class="kernel-words">{words}</pre>}
      <p>That is: {means}.</p>
      <ul>
        {fix.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  );
}
