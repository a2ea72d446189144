import fc from 'fast-check';
import { expect, it } from 'vitest';
import { disassemble } from '../../../daemon/kernel/inspect/disassemble.ts';
import { general } from './machine.ts';

const lines = (arch: 'arm64' | 'x86-64', ...bytes: number[]) =>
  disassemble(arch, Uint8Array.from(bytes), -0x7ffff8000000, 16, general).map(({ text }) => text);

it('TRACE-7: instructions of our own tables are told by them, others by the library, and nothing is passed over', () => {
  expect(lines('arm64', 0x1f, 0x20, 0x03, 0xd5, 0xfd, 0x7b, 0xbf, 0xa9, 0xff, 0xff, 0xff, 0xff, 0x01)).toEqual([
    'nop',
    'stp x29, x30, [sp, #-0x10]!',
    '.inst 0xffffffff',
    '.byte 0x01',
  ]);
  expect(lines('x86-64', 0x55, 0xe8, 0, 0, 0, 0, 0x48, 0x89, 0xe5, 0x06)).toEqual([
    'pushq %rbp',
    'call 0xffff800008000006',
    'movq %rsp, %rbp',
    '.byte 0x06',
  ]);
});

it('TRACE-7: any bytes come out whole, in order', () => {
  fc.assert(
    fc.property(fc.constantFrom('arm64', 'x86-64'), fc.uint8Array({ maxLength: 64 }), (arch, bytes) => {
      const out = disassemble(arch as 'arm64', bytes, 0x1000, 100, general);
      expect(Buffer.concat(out.map((line) => line.bytes))).toEqual(Buffer.from(bytes));
    }),
  );
});
