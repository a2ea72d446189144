/** One module: every section, part and symbol that the host shows of it, held against its layout. */
import { toHex } from '../../../../protocol/address.ts';
import type { Part } from '../../../../protocol/events/memory.ts';
import { isInitPart } from '../../../kernel/loader/place.ts';
import { adopt, elect, witnessesOf } from './bases.ts';
import { type Model, placedSections } from './model.ts';
import { judgeParts } from './parts.ts';
import { symbolPins } from './pins.ts';
import { judgeSection } from './section.ts';
import type { ModuleVerdict, SectionVerdict, Seen } from './verdict.ts';

export function judge(
  module: string,
  file: string,
  seen: Seen,
  shown: NonNullable<Seen['sections']>,
  model: Model,
): ModuleVerdict {
  const { candidate, laidOut, profile } = model;
  const index = placedSections(candidate, laidOut);
  const pins = symbolPins(seen, model);
  const held = (part: Part) => !isInitPart(part) || (seen.initSize ?? (seen.state === 'COMING' ? 1 : 0)) > 0;
  const listedPart: Part = profile.layout === 'linux-6.1' ? 'core' : 'text';
  const witnesses = witnessesOf(seen, shown, index, pins, held, listedPart, model);
  const bases = witnesses.map((all) => elect(all, profile.pageSize));
  adopt(laidOut, bases, witnesses, held, module, model);

  const faults: string[] = [];
  const sections: SectionVerdict[] = shown.map(([name, address]) => {
    const at = index.get(name);
    if (at === undefined) {
      const why = `${file} has no section of that name that the loader keeps`;
      faults.push(`${name} at ${address}: ${why}`);
      return { name, address, verdict: 'unknown', why };
    }
    const verdict = judgeSection(name, address, at, laidOut, bases, witnesses, held, model);
    // What refutes a part as a whole is said once, below.
    if (verdict.verdict === 'differs' && verdict.expected !== address) faults.push(`${name}: ${verdict.why}`);
    return verdict;
  });
  const names = new Set(shown.map(([name]) => name));
  const namesOf = (i: number) => [...index].flatMap(([name, at]) => (laidOut.partOf[at] === i ? [name] : []));
  for (const [name, at] of index) {
    if (names.has(name)) continue;
    const part = laidOut.parts[laidOut.partOf[at] ?? -1]?.part;
    const base = bases[laidOut.partOf[at] ?? -1];
    const why = `${file} has it, and the kernel does not show it`;
    faults.push(`${name}: ${why}`);
    const expected = base === undefined ? {} : { expected: toHex(base + (laidOut.offset[at] ?? 0)) };
    sections.push({ name, address: null, verdict: 'missing', ...(part && { part }), ...expected, why });
  }
  for (const { section, start, symbol, address } of pins) {
    const base = bases[laidOut.partOf[section] ?? -1];
    const expected = (base ?? Number.NaN) + (laidOut.offset[section] ?? 0);
    if (Number.isNaN(expected) || expected === start) continue;
    const right = toHex(expected + (address - start));
    faults.push(`symbol ${symbol} is at ${toHex(address)} in /proc/kallsyms, by the layout it is at ${right}`);
  }
  faults.push(...judgeParts(seen, laidOut, bases, held, listedPart, namesOf, model));
  return {
    module,
    file,
    verdict: faults.length === 0 ? 'agrees' : 'differs',
    faults,
    parts: laidOut.parts.flatMap(({ part, size }, i) => {
      const base = bases[i];
      if (base === undefined) return [];
      const by = [...new Set((witnesses[i] ?? []).filter((each) => each.base === base).map(({ words }) => words))];
      return [{ part, base: toHex(base), size, stale: !held(part), by }];
    }),
    sections,
  };
}
