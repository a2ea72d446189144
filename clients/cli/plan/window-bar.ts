/** A window as one bar: what is taken before, what modules take, what they took at most, what stays free. */
import type { WindowFill } from '../../../daemon/headless/plan/fill.ts';
import type { Paint } from '../output.ts';

const WIDEST = 96;
const NARROWEST = 10;

/** `[====####ii....]`: image and others, modules, more at the peak, free. What holds anything never shows as free. */
export function windowBar(
  { size, before, peak, after }: Pick<WindowFill, 'size' | 'before' | 'peak' | 'after'>,
  columns: number,
  paint: Paint,
): string {
  const cells = Math.max(NARROWEST, Math.min(WIDEST, columns) - 2);
  const upTo = (bytes: number) => Math.min(cells, Math.ceil((bytes / size) * cells));
  const a = upTo(before);
  const b = Math.max(a, upTo(Math.max(before, after)));
  const c = Math.max(b, upTo(peak));
  const run = (glyph: string, length: number, style: (text: string) => string) =>
    length === 0 ? '' : style(glyph.repeat(length));
  return `[${run('=', a, paint.blue)}${run('#', b - a, paint.green)}${run('i', c - b, paint.yellow)}${run('.', cells - c, paint.dim)}]`;
}

export const BAR_LEGEND = '= kernel image and others   # modules   i more at the peak (init, lazily freed)   . free';
