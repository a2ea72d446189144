/**
 * Draws an address space on three canvases above each other, each only when something of it changed: what stands there; what
 * is chosen and pointed at; what moves.
 */
import { computed, effect } from '@preact/signals';
import type { Areas } from '../model/scene.ts';
import { hover, selection, span } from '../state/app.ts';
import { colours } from '../ui/colours.ts';
import { REACH } from '../ui/reach.tsx';
import { arcsOf } from './arcs.ts';
import { type Bins, openBins } from './bins.ts';
import { type Flash, flashesOf, MOVE_MS, type Move, movesOf, still, TRACE_MS } from './changes.ts';
import { focusOf } from './focus.ts';
import { motion } from './motion.ts';
import { paintArcs, paintLeaving, paintSites } from './paint/calls.ts';
import { paintFocus, paintReach, paintViewport } from './paint/focus.ts';
import { type Context, cut, font, type Ink, inkOf } from './paint/ink.ts';
import { paintMarks } from './paint/marks.ts';
import { paintMemory } from './paint/memory.ts';
import { paintFlashes, paintMoves } from './paint/motion.ts';
import { CLOSE, HEAD, paintFixedNames, paintNames } from './paint/names.ts';
import { openOverview } from './paint/overview.ts';
import { paintRuler } from './paint/ruler.ts';
import { paintSections } from './paint/sections.ts';
import { paintWords } from './paint/words.ts';
import { showsWords } from './scale.ts';
import type { Frame, Space } from './space-state.ts';

const LAYERS = ['base', 'focus', 'motion'] as const;
type Layer = (typeof LAYERS)[number];
const KINDS = 3;

export interface Stage {
  close(): void;
}

/** `box` gets the canvases. */
export function openStage(box: HTMLElement, space: Space): Stage {
  const canvases = LAYERS.map(() => document.createElement('canvas'));
  box.prepend(...canvases);
  const contexts = canvases.map((canvas) => canvas.getContext('2d')!);
  const stale = new Set<Layer>();
  const overview = openOverview();
  let bins: Bins = openBins(0, KINDS);
  let ranks = new Uint8Array(0);
  let flashes: readonly Flash[] = [];
  let moves: readonly Move[] = [];
  let planned = 0;

  const ratio = computed(() => {
    void space.size.value;
    return devicePixelRatio;
  });
  const ink = computed((): Ink => inkOf(colours.value, ratio.value));

  function changed(...layers: readonly Layer[]): void {
    for (const layer of layers) stale.add(layer);
    if (planned === 0) planned = requestAnimationFrame(draw);
  }

  function draw(now: number): void {
    planned = 0;
    const frame = space.frame.peek();
    if (frame === null) return;
    if (stale.has('base')) paintBase(clear(0), frame);
    if (stale.has('focus')) paintFocusLayer(clear(1), frame);
    if (stale.has('motion')) paintMotionLayer(clear(2), frame, now);
    stale.clear();
    if (motion.peek() && (flashes.length > 0 || moves.length > 0)) changed('motion');
  }

  function clear(layer: number): Context {
    const context = contexts[layer]!;
    context.setTransform(ratio.peek(), 0, 0, ratio.peek(), 0, 0);
    context.clearRect(0, 0, space.size.peek().width, space.size.peek().height);
    return context;
  }

  function paintBase(context: Context, frame: Frame): void {
    const { scene, world, rows, scale } = frame;
    const pen = ink.peek();
    overview.paint(context, pen, frame, ratio.peek());
    const arcs = arcsOf(scene.sites, scale);
    paintArcs(context, pen, arcs, scale, rows.arcs);
    paintLeaving(context, pen, arcs, scale, rows.arcs);
    paintSites(context, pen, scene.sites, scale, rows.sites, ranks);
    const { wide } = paintMemory(context, pen, scene.areas, world, scale, rows.strip, bins);
    const { sections, code, marks } = space;
    const close = showsWords(scale);
    for (const i of wide) {
      const known = sections.peek().get(scene.names[scene.areas.module[i]!]!);
      const wideEnough = scene.areas.size[i]! / scale.perPixel >= CLOSE;
      if (known && wideEnough && scene.areas.kind[i] !== LAZY)
        paintSections(context, pen, scene, known, scale, rows.strip);
    }
    paintFixedNames(context, pen, world, scale, rows.strip);
    paintNames(context, pen, scene, wide, scale, rows.strip);
    const { words, note } = code.peek();
    if (close) {
      const head = note === '' ? 0 : HEAD;
      const room = { top: rows.strip.top + head, height: rows.strip.height - head };
      paintWords(context, pen, words, scene.sites, scale, room);
      paintNote(context, pen, note, frame);
    }
    const differ = marks.peek();
    if (differ?.length === scene.areas.address.length) paintMarks(context, pen, scene.areas, differ, scale, rows.marks);
    paintRuler(context, pen, scale, rows.ruler);
  }

  function paintFocusLayer(context: Context, frame: Frame): void {
    const { scene, rows, whole } = frame;
    const pen = ink.peek();
    const look = { ...frame, reach: REACH[scene.summary.machine?.arch ?? 'arm64'] };
    const [chosen, lit] = [selection.peek(), hover.peek()].map(
      (what) => what && focusOf(what, scene, space.sections.peek(), space.patched.peek()),
    );
    if (chosen) paintFocus(context, pen, look, chosen, true);
    if (lit) paintFocus(context, pen, look, lit, false);
    const site = chosen?.site ?? lit?.site ?? null;
    if (site !== null) paintReach(context, pen, look, site);
    if (span.peek() !== null) paintViewport(context, pen, whole, frame.scale, rows.world);
  }

  function paintMotionLayer(context: Context, frame: Frame, now: number): void {
    const { scale, whole, rows } = frame;
    const moving = motion.peek();
    if (moving) {
      flashes = still(flashes, now, TRACE_MS);
      moves = still(moves, now, MOVE_MS);
    }
    const at = moving ? now : null;
    paintMoves(context, ink.peek(), moves, scale, rows.strip, at);
    paintFlashes(context, ink.peek(), flashes, scale, whole, rows, at);
  }

  /** What the newest scene brought. Where nothing moves, its marks take the place of those before. */
  function happened(areas: Areas | undefined): void {
    const scene = space.model.scene.peek();
    if (scene === null) return;
    const now = performance.now();
    const near = areas !== undefined && Math.abs(scene.commit - seen.commit) <= NEAR && scene.epoch === seen.epoch;
    const fresh = near ? movesOf(areas, scene.areas, now) : [];
    const lit = flashesOf(scene.flashes, now);
    if (scene.commit === seen.commit && scene.epoch === seen.epoch) return;
    seen = { commit: scene.commit, epoch: scene.epoch };
    flashes = motion.peek() ? [...flashes, ...lit] : lit;
    moves = motion.peek() ? [...moves, ...fresh] : fresh;
    changed('motion');
  }
  let seen = { commit: -1, epoch: '' };
  let last: Areas | undefined;

  const observer = new ResizeObserver(() => {
    space.size.value = { width: box.clientWidth, height: box.clientHeight };
  });
  observer.observe(box);

  const stops = [
    effect(() => {
      const { width, height } = space.size.value;
      for (const canvas of canvases) {
        canvas.width = Math.round(width * ratio.value);
        canvas.height = Math.round(height * ratio.value);
      }
      const columns = Math.ceil(width);
      bins = openBins(columns, KINDS);
      ranks = new Uint8Array(columns);
      changed(...LAYERS);
    }),
    effect(() => {
      const scene = space.model.scene.value;
      happened(last);
      last = scene?.areas;
    }),
    effect(() => {
      void [space.frame.value, space.sections.value, space.code.value, space.marks.value, ink.value];
      changed(...LAYERS);
    }),
    effect(() => {
      void [hover.value, selection.value, space.patched.value];
      changed('focus');
    }),
    effect(() => {
      void motion.value;
      flashes = [];
      moves = [];
      changed('motion');
    }),
  ];
  return {
    close() {
      for (const stop of stops) stop();
      observer.disconnect();
      cancelAnimationFrame(planned);
      for (const canvas of canvases) canvas.remove();
    },
  };
}

const LAZY = 2;
/** Commits between two scenes above which nothing moves: somebody went to another time. */
const NEAR = 256;

/** Why words are missing: at the right of the band that bears the module's name. */
function paintNote(context: Context, ink: Ink, note: string, { rows: { strip }, scale }: Frame): void {
  context.fillStyle = ink.colours.text;
  context.font = font(ink, 10);
  context.textBaseline = 'middle';
  const text = cut(ink, note, 10, scale.width * 0.7);
  context.fillText(text, scale.width - 8 - text.length * 10 * ink.character, strip.top + HEAD / 2);
}
