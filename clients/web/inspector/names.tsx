/** Modules by name, the first few unless somebody wants all. */
import { useState } from 'preact/hooks';
import { count } from '../../../protocol/count.ts';
import { OwnerLink } from './links.tsx';

const SHOWN = 12;

export function Names({ title, names }: { readonly title: string; readonly names: readonly string[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? names : names.slice(0, SHOWN);
  return (
    <div class="names">
      <h4>
        {title} <span class="number">{count(names.length)}</span>
      </h4>
      {names.length === 0 && <span class="dim">none</span>}
      <ul>
        {shown.map((name) => (
          <li key={name}>
            <OwnerLink name={name} />
          </li>
        ))}
      </ul>
      {names.length > SHOWN && (
        <button type="button" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'fewer' : `all ${count(names.length)}`}
        </button>
      )}
    </div>
  );
}
