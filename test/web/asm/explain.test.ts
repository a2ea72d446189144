import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explain } from '../../../clients/web/asm/index.ts';
import { toHex } from '../../../protocol/address.ts';
import { BASE } from './lines.ts';

const mnemonic = fc.constantFrom(
  'bl',
  'b.eq',
  'ldr',
  'stp',
  'mov',
  'add',
  'cas',
  'tbz',
  'call',
  'jne',
  'movl',
  'lea',
  'bts',
  'rep',
  'lock',
  'constructor',
  '',
);
const operand = fc.constantFrom(
  'x0',
  '[sp, #8]',
  '[x0',
  '#1',
  'lsl #3',
  '%rax',
  '8(%rip)',
  '*%rbx',
  '$-1',
  '0xffff800008000000',
  '{v0.4s}',
  'eq',
  '',
);
const text = fc.oneof(
  fc.string(),
  fc.tuple(mnemonic, fc.array(operand, { maxLength: 5 })).map(([name, operands]) => `${name} ${operands.join(', ')}`),
);

describe('an explanation', () => {
  it('PAGE-103: is there for any text, also one that no assembler would write', () => {
    fc.assert(
      fc.property(fc.constantFrom('arm64', 'x86-64'), text, fc.uint8Array({ maxLength: 15 }), (arch, any, bytes) => {
        const line = { address: toHex(BASE), bytes: Buffer.from(bytes).toString('hex'), text: any };
        const { sentence } = explain(arch, line);
        expect(sentence).not.toBe('');
        expect(sentence).not.toMatch(/\bundefined\b(?! instruction)|NaN/);
      }),
      { numRuns: 3000 },
    );
  });

  it('PAGE-102: says the symbol of an address where one is known, and the address where none is', () => {
    const line = { address: toHex(BASE), bytes: '00000094', text: 'bl 0xffff800008000100' };
    expect(explain('arm64', line, () => 'schedule+0x10').sentence).toContain('calls schedule+0x10, 256 B ahead');
    expect(explain('arm64', line, () => null).sentence).toContain('calls 0xffff800008000100, 256 B ahead');
  });
});
