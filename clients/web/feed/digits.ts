/** Which hex digits of an instruction a patch changed: arm64 as the word is written, x86-64 byte by byte in memory order. */
import type { Arch } from '../asm/types.ts';

export interface Run {
  /** Where it begins, in digits. */
  readonly at: number;
  readonly text: string;
  readonly changed: boolean;
}
export type Digits = readonly Run[];

interface ByteChange {
  readonly index: number;
  readonly mask: number;
}

/** `bytes` are those of one instruction, `offset` bytes after where the patch begins; `changes` those of the patch. */
export function changedDigits(arch: Arch, bytes: string, offset: number, changes: readonly ByteChange[]): Digits {
  const masks = new Map(changes.map(({ index, mask }) => [index - offset, mask]));
  const pairs = (bytes.match(/../g) ?? []).map((text, index) => ({ text, mask: masks.get(index) ?? 0 }));
  if (arch === 'arm64') pairs.reverse();
  const runs: Run[] = [];
  let at = 0;
  for (const { text, mask } of pairs) {
    for (const [digit, bits] of [
      [text[0] ?? '', mask & 0xf0],
      [text[1] ?? '', mask & 0x0f],
    ] as const) {
      const last = runs.at(-1);
      const changed = bits !== 0;
      if (last?.changed === changed) runs[runs.length - 1] = { ...last, text: last.text + digit };
      else runs.push({ at, text: digit, changed });
      at++;
    }
  }
  return runs;
}
