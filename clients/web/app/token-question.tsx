/** The daemon answers nobody without a token. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { keepToken, token } from '../state/token.ts';

export function TokenQuestion() {
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') keepToken(text.trim());
      }}
    >
      <h2>This daemon asks for a token</h2>
      <p>
        {token === undefined
          ? 'Whoever runs it has one: it was printed at the start, or is in the file that --token-file names.'
          : 'The token that was given is not one of its tokens.'}
      </p>
      <label>
        Token{' '}
        <input
          ref={field}
          type="password"
          autocomplete="off"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>{' '}
      <button type="submit">Use it</button>
    </form>
  );
}
