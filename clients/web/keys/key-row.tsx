/** A key: what it calls, its trampoline, how many calls of which class, who is in its list. */
import { useRef } from 'preact/hooks';
import { count, counted } from '../../../protocol/count.ts';
import type { KeyLine } from '../model/queries/key-rows.ts';
import { hover, selection } from '../state/app.ts';
import { Address } from '../ui/address.tsx';
import { ClassBar, ClassCounts } from '../ui/class-bar.tsx';
import { lights } from '../ui/lights.ts';
import { symbolAt } from '../ui/symbols.ts';
import { choose } from './chosen.ts';
import { Opener } from './opener.tsx';

const ORIG = "key.orig: the trampoline's address, kept since the key's first site was patched";

export function KeyRow({ line }: { readonly line: KeyLine }) {
  const { name, open, calls, func, tramp, text, orig, classes, nodes, owners, sites, patches, chain } = line;
  const is = (what: typeof selection.value): boolean => what?.kind === 'key' && what.name === name;
  const on = lights({ kind: 'key', name });
  const rest = owners - chain.length;
  const figures = `${counted(nodes, 'node')} · ${counted(sites, 'site')} · ${counted(patches, 'patch', 'patches')}`;
  return (
    <div class="key-row" data-row={line.id} data-lit={is(hover.value)} data-chosen={is(selection.value)} {...on}>
      <p class="key-head">
        <Opener id={line.id} open={open} what={`the list of ${name}`} />
        <button
          type="button"
          class="row-name quiet mono"
          aria-pressed={is(selection.value)}
          title={`Inspect the key ${name}`}
          onClick={() => choose({ kind: 'key', name })}
        >
          {name}
        </button>
        <span class="grow" />
        <ClassCounts classes={classes} />
      </p>
      <ClassBar classes={classes} />
      <p class="key-fact">
        <span class="dim">calls</span>
        <Func calls={calls} func={func} />
      </p>
      <p class="key-fact">
        <span class="dim">tramp</span>
        <Address address={tramp} />
        {orig !== null && (
          <span class="tag" title={ORIG}>
            {orig === tramp ? (
              '= orig'
            ) : (
              <>
                orig <Address address={orig} />
              </>
            )}
          </span>
        )}
        <code class="clip" title={text}>
          {text}
        </code>
      </p>
      <p class="key-fact dim">
        <span class="number clip" title={figures}>
          {figures}
        </span>
      </p>
      {!open && (
        <p class="key-fact">
          <span
            class="clip"
            title={`site_mods, newest first: ${chain.join(' → ')}${rest > 0 ? ` and ${rest} more` : ''}`}
          >
            {chain.join(' → ')}
            {rest > 0 && ` → … ${count(rest)} more`}
          </span>
        </p>
      )}
    </div>
  );
}

/** Where calls arrive; it flashes when it is another one. */
function Func({ calls, func }: { readonly calls: number | null; readonly func: number }) {
  const first = useRef(func);
  const symbol = calls === null ? null : symbolAt(calls);
  return (
    <span key={func} class={first.current === func ? 'func' : 'func changed'}>
      {calls === null ? (
        <span class="class-none">∅ nothing{func === 0 ? ' (NULL)' : ''}</span>
      ) : (
        <>
          {symbol !== null && <code>{symbol}</code>} <Address address={calls} />
        </>
      )}
    </span>
  );
}
