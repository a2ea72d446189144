/**
 * Tells those who don't see the picture what becomes of it: where a jump in time ended, that a load failed, that the machine
 * was made anew. What merely goes on is not told; `i` asks for it.
 */
import { useEffect, useRef } from 'preact/hooks';
import { count } from '../../../protocol/count.ts';
import type { Scene } from '../model/scene.ts';
import { scene } from '../state/app.ts';
import { hear } from '../ui/announce.ts';
import { isAway } from './away.ts';
import { useShortcuts } from './shortcuts.ts';

/** Milliseconds for which the picture has to stand still before its place is told. */
const STILL_MS = 700;

export function Narrator() {
  useShortcuts([{ key: 'i', does: 'say where the page is', act: () => scene.value && hear(whereabouts(scene.value)) }]);
  const now = scene.value;
  const last = useRef<Scene | null>(null);
  useEffect(() => {
    const before = last.current;
    last.current = now;
    if (before === null || now === null || before.machine !== now.machine) return;
    if (before.epoch !== now.epoch && before.epoch !== '') {
      hear(`${now.machine} was made anew. ${whereabouts(now)}`);
      return;
    }
    const failure = now.summary.failures.at(-1);
    if (now.mode === 'live' && failure?.commit === now.commit && before.commit < now.commit) {
      hear(`Commit ${count(failure.commit)}: ${failure.op} of ${failure.module} failed: ${failure.words}`);
    }
  }, [now]);

  const place = now === null ? '' : `${now.machine} ${now.mode} ${now.mode === 'live' ? '' : now.commit}`;
  const first = useRef(true);
  useEffect(() => {
    if (now === null || now.mode === 'loading' || now.mode === 'playing') return;
    if (first.current) {
      first.current = false;
      return;
    }
    const timer = setTimeout(() => scene.peek() && hear(whereabouts(scene.peek() as Scene)), STILL_MS);
    return () => clearTimeout(timer);
  }, [place]);

  const lost = isAway.value;
  const wasLost = useRef(false);
  useEffect(() => {
    if (wasLost.current && !lost) hear('Connected again.');
    wasLost.current = lost;
  }, [lost]);
  return null;
}

function whereabouts({ machine, mode, commit, head, summary }: Scene): string {
  const where =
    mode === 'live' ? `live at commit ${count(commit)}` : `${mode} at commit ${count(commit)} of ${count(head)}`;
  const { modules, now, sites } = summary;
  const calls = sites.reduce((sum, number) => sum + number, 0);
  return `${machine}, ${where}: ${count(modules)} modules, ${count(calls)} static calls, ${count(now.veneers)} veneers.`;
}
