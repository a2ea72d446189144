/** From addresses to pixels and back. */
import type { Range } from './world.ts';

export interface Scale extends Range {
  /** CSS pixels. */
  readonly width: number;
  /** Bytes. */
  readonly perPixel: number;
}

export function scaleOf({ start, end }: Range, width: number): Scale {
  return { start, end, width, perPixel: (end - start) / Math.max(1, width) };
}

export const xOf = (scale: Scale, address: number): number => (address - scale.start) / scale.perPixel;
export const addressAt = (scale: Scale, x: number): number => scale.start + x * scale.perPixel;

const WORD = 4;
/** Pixels of a word from which its instruction is written. */
const WORD_FROM = 22;

export const showsWords = ({ perPixel }: Scale): boolean => WORD / perPixel >= WORD_FROM;
