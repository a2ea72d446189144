/** What all painters draw with: the theme's colours, patterns for those who tell colours apart less well, fonts. */
import type { ColourName } from '../../ui/colours.ts';

export type Context = CanvasRenderingContext2D;

export interface Ink {
  readonly colours: Readonly<Record<ColourName, string>>;
  readonly patterns: Patterns;
  /** CSS family lists. */
  readonly mono: string;
  /** Width of a character of the mono font, as a share of its size. */
  readonly character: number;
}

export interface Patterns {
  /** Over init memory. */
  readonly init: CanvasPattern;
  /** Over lazily freed memory. */
  readonly lazy: CanvasPattern;
  /** Over what is not ours. */
  readonly reserved: CanvasPattern;
  /** Over guard pages. */
  readonly guard: CanvasPattern;
}

/** CSS pixels of a tile, and the lines on it. */
type Lines = readonly (readonly [number, number, number, number])[];
const TILES: Readonly<Record<keyof Patterns, { readonly size: number; readonly lines: Lines }>> = {
  init: {
    size: 6,
    lines: [
      [0, 6, 6, 0],
      [-1, 1, 1, -1],
      [5, 7, 7, 5],
    ],
  },
  lazy: {
    size: 6,
    lines: [
      [0, 0, 6, 6],
      [0, 6, 6, 0],
    ],
  },
  reserved: {
    size: 8,
    lines: [
      [0, 0, 8, 8],
      [-1, 7, 1, 9],
      [7, -1, 9, 1],
    ],
  },
  guard: { size: 3, lines: [[0, 1.5, 3, 1.5]] },
};

export function inkOf(colours: Ink['colours'], ratio: number): Ink {
  const mono = getComputedStyle(document.documentElement).getPropertyValue('--mono').trim();
  const probe = new OffscreenCanvas(1, 1).getContext('2d')!;
  probe.font = `100px ${mono}`;
  const tile = (name: keyof Patterns, colour: string, alpha: number): CanvasPattern => {
    const { size, lines } = TILES[name];
    const canvas = new OffscreenCanvas(size * ratio, size * ratio);
    const context = canvas.getContext('2d')!;
    context.scale(ratio, ratio);
    context.globalAlpha = alpha;
    context.strokeStyle = colour;
    context.beginPath();
    for (const [x0, y0, x1, y1] of lines) {
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
    }
    context.stroke();
    const pattern = probe.createPattern(canvas, 'repeat')!;
    pattern.setTransform(new DOMMatrix().scale(1 / ratio));
    return pattern;
  };
  return {
    colours,
    mono,
    character: probe.measureText('0').width / 100,
    patterns: {
      init: tile('init', colours.text, 0.4),
      lazy: tile('lazy', colours.text, 0.4),
      reserved: tile('reserved', colours.dim, 0.35),
      guard: tile('guard', colours.dim, 0.5),
    },
  };
}

export function font(ink: Ink, size: number, weight = 400): string {
  return `${weight} ${size}px ${ink.mono}`;
}

/** `text` as far as it fits into `width` pixels; empty where not even two characters do. */
export function cut(ink: Ink, text: string, size: number, width: number): string {
  const fits = Math.floor(width / (ink.character * size));
  if (text.length <= fits) return text;
  return fits < 3 ? '' : `${text.slice(0, fits - 1)}…`;
}
