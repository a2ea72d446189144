/** An owner of sites in a key's list: a module's node, or the kernel's own, which hangs on the key by its tag bit. */
import { count } from '../../../protocol/count.ts';
import type { OwnerLine } from '../model/queries/key-rows.ts';
import { hover, selection } from '../state/app.ts';
import { ClassBar, ClassCounts } from '../ui/class-bar.tsx';
import { lights } from '../ui/lights.ts';
import { choose } from './chosen.ts';
import { Opener } from './opener.tsx';

const VMLINUX = 'vmlinux';

interface NodeWords {
  readonly glyph: string;
  readonly word: string;
  readonly explained: string;
}

const NODE: NodeWords = {
  glyph: '●',
  word: 'node',
  explained: 'a struct static_call_mod: the list leads from here to the next one',
};
const TAG: NodeWords = {
  glyph: '◐',
  word: 'tag bit',
  explained: "no node: the key's own pointer leads to these sites, and its tag bit says so",
};
const NOBODY: NodeWords = {
  glyph: '○',
  word: 'no node',
  explained: 'these sites are in nobody’s list: nobody patches them',
};

export function OwnerRow({ line, fresh }: { readonly line: OwnerLine; readonly fresh: boolean }) {
  const { owner, key, open, node, sites, classes } = line;
  const words = node ? NODE : owner === VMLINUX ? TAG : NOBODY;
  const is = (what: typeof selection.value): boolean => what?.kind === 'module' && what.name === owner;
  const on = lights({ kind: 'module', name: owner });
  return (
    <div
      class={fresh ? 'owner-row fresh' : 'owner-row'}
      data-row={line.id}
      data-lit={is(hover.value)}
      data-chosen={is(selection.value)}
      {...on}
    >
      <span class="node" title={words.explained} aria-hidden="true">
        {words.glyph}
      </span>
      <Opener id={line.id} open={open} what={`the sites of ${owner}`} />
      <button
        type="button"
        class="row-name quiet mono"
        aria-pressed={is(selection.value)}
        title={`Inspect ${owner}: ${words.explained}`}
        onClick={() => choose(owner === VMLINUX ? { kind: 'key', name: key } : { kind: 'module', name: owner })}
      >
        {owner}
        <span class={node ? 'sr-only' : 'tag'}>{words.word}</span>
      </button>
      <span class="owner-bar">
        <ClassBar classes={classes} />
      </span>
      <ClassCounts classes={classes} />
      <span class="number dim">{count(sites)}</span>
    </div>
  );
}
