/** Inside a module that is looked at closely: its sections by what they are used for, its PLT entries used and free. */

import { PLT_ENTRY } from '../../model/queries/memory.ts';
import type { SectionUse } from '../../model/queries/sections.ts';
import type { Scene } from '../../model/scene.ts';
import { lowerBound } from '../../model/search.ts';
import { type ModuleSections, type SectionRow, veneerAt } from '../place.ts';
import type { Row } from '../rows.ts';
import { type Scale, xOf } from '../scale.ts';
import { type Context, cut, font, type Ink } from './ink.ts';
import { pixels } from './memory.ts';
import { HEAD } from './names.ts';

/** Over the module's own colour: code stands out, data steps back. */
const TONES: Readonly<Record<SectionUse, { readonly of: 'text' | 'bg'; readonly alpha: number }>> = {
  code: { of: 'text', alpha: 0.22 },
  'read-only': { of: 'bg', alpha: 0.12 },
  data: { of: 'bg', alpha: 0.4 },
  plt: { of: 'bg', alpha: 0.7 },
};
const SMALL = 10;
const NAME_FROM = 34;
/** Pixels of an entry from which each is drawn by itself. */
const ENTRY_FROM = 3;

export function paintSections(
  context: Context,
  ink: Ink,
  scene: Scene,
  { sections }: ModuleSections,
  scale: Scale,
  row: Row,
): void {
  const inner = { top: row.top + HEAD, height: row.height - HEAD };
  for (const section of sections) {
    const found = pixels(scale, { start: section.address, end: section.address + section.size });
    if (found === undefined) continue;
    const { of, alpha } = TONES[section.use];
    const gap = found.width > 3 ? 1 : 0;
    context.globalAlpha = alpha;
    context.fillStyle = ink.colours[of];
    context.fillRect(found.x, inner.top, found.width - gap, inner.height);
    context.globalAlpha = 1;
    if (section.slots !== undefined) paintSlots(context, ink, scene, section, scale, inner);
    if (found.width < NAME_FROM) continue;
    context.fillStyle = ink.colours.text;
    context.font = font(ink, SMALL);
    context.textBaseline = 'middle';
    const slots = section.slots === undefined ? '' : `  ${usedSlots(scene, section)} of ${section.slots} used`;
    const text = cut(ink, section.name + slots, SMALL, found.width - 8);
    context.fillText(text, Math.max(0, found.x) + 4, inner.top + inner.height / 2);
  }
}

function usedSlots({ veneers }: Scene, { address, size }: SectionRow): number {
  return lowerBound(veneers.address, address + size) - lowerBound(veneers.address, address);
}

function paintSlots(context: Context, ink: Ink, scene: Scene, section: SectionRow, scale: Scale, row: Row): void {
  const { address: start, slots = 0 } = section;
  const end = start + slots * PLT_ENTRY;
  const each = PLT_ENTRY / scale.perPixel;
  const foot = { top: row.top + row.height - Math.min(14, row.height / 3), height: Math.min(14, row.height / 3) };
  if (each < ENTRY_FROM) {
    // Where entries are narrower than pixels: those that are used, in their colour.
    const { address } = scene.veneers;
    context.fillStyle = ink.colours.veneer;
    let drawn = -1;
    for (let i = lowerBound(address, Math.max(start, scale.start)); i < address.length; i++) {
      if (address[i]! >= Math.min(end, scale.end)) return;
      const x = Math.floor(xOf(scale, address[i]!));
      if (x !== drawn) context.fillRect(x, foot.top, 1, foot.height);
      drawn = x;
    }
    return;
  }
  const first = Math.max(0, Math.floor((scale.start - start) / PLT_ENTRY));
  const last = Math.min(slots, Math.ceil((scale.end - start) / PLT_ENTRY));
  context.strokeStyle = ink.colours.dim;
  context.lineWidth = 1;
  for (let slot = first; slot < last; slot++) {
    const x = xOf(scale, start + slot * PLT_ENTRY);
    if (veneerAt(scene, start + slot * PLT_ENTRY) !== null) {
      context.fillStyle = ink.colours.veneer;
      context.fillRect(x, foot.top, each - 1, foot.height);
    } else {
      context.strokeRect(x + 0.5, foot.top + 0.5, Math.max(1, each - 2), foot.height - 1);
    }
  }
}
