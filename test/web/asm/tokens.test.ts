import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Token, tokens } from '../../../clients/web/asm/index.ts';

const told = (text: string): (readonly [string, string, unknown?])[] =>
  tokens(text)
    .filter(({ type }) => type !== 'space' && type !== 'punctuation')
    .map((token) => [token.text, token.type, extra(token)]);

const extra = (token: Token): unknown => {
  if (token.type === 'mnemonic') return token.kind;
  if (token.type === 'register') return token.register;
  if (token.type === 'immediate') return token.value;
  return token.type === 'address' ? token.address : undefined;
};

describe('tokens', () => {
  it('PAGE-100: joined are the text, whatever it is', () => {
    const word = fc.constantFrom(
      'bl',
      'mov',
      'x0',
      'w1',
      'sp',
      '%rax',
      '%gs:',
      '$-8',
      '#0x10',
      '0xffff800008000000',
      '[',
      ']',
      '(',
      ')',
      ',',
      '; ',
      ' ',
      '*',
      '!',
      'v0.4s',
      '{',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word).map((words) => words.join('')),
    );
    fc.assert(
      fc.property(
        text,
        (any) =>
          tokens(any)
            .map((token) => token.text)
            .join('') === any,
      ),
      { numRuns: 2000 },
    );
  });

  it('PAGE-100: of arm64 tell registers, immediates and addresses apart', () => {
    expect(told('bl 0xffff8000080814c0')).toEqual([
      ['bl', 'mnemonic', 'call'],
      ['0xffff8000080814c0', 'address', '0xffff8000080814c0'],
    ]);
    expect(told('tbnz w30, #0x37, 0xffff80000802d1a4')).toEqual([
      ['tbnz', 'mnemonic', 'branch'],
      ['w30', 'register', 'x30'],
      ['#0x37', 'immediate', 0x37],
      ['0xffff80000802d1a4', 'address', '0xffff80000802d1a4'],
    ]);
    expect(told('ldr w0, #0xffff800008000008')).toEqual([
      ['ldr', 'mnemonic', 'load'],
      ['w0', 'register', 'x0'],
      ['#0xffff800008000008', 'address', '0xffff800008000008'],
    ]);
    expect(told('stp x29, x30, [sp, #-0x20]!')).toEqual([
      ['stp', 'mnemonic', 'store'],
      ['x29', 'register', 'x29'],
      ['x30', 'register', 'x30'],
      ['sp', 'register', 'sp'],
      ['#-0x20', 'immediate', -32],
    ]);
    expect(told('and x0, x1, #0xfffffffffffff000')[3]).toEqual(['#0xfffffffffffff000', 'immediate', null]);
  });

  it('PAGE-100: of a patch begin anew at each instruction', () => {
    expect(told('movn x16, #0xf6df; movk x16, #0x87a, lsl #16; br x16')).toEqual([
      ['movn', 'mnemonic', 'move'],
      ['x16', 'register', 'x16'],
      ['#0xf6df', 'immediate', 0xf6df],
      ['movk', 'mnemonic', 'move'],
      ['x16', 'register', 'x16'],
      ['#0x87a', 'immediate', 0x87a],
      ['lsl', 'word', undefined],
      ['#16', 'immediate', 16],
      ['br', 'mnemonic', 'branch'],
      ['x16', 'register', 'x16'],
    ]);
  });

  it('PAGE-100: of x86-64 tell displacements from addresses, and what loads from what stores', () => {
    expect(told('call 0xffffffff81000000')).toEqual([
      ['call', 'mnemonic', 'call'],
      ['0xffffffff81000000', 'address', '0xffffffff81000000'],
    ]);
    expect(told('movl 0x10(%rdi, %r9d, 8), %al')).toEqual([
      ['movl', 'mnemonic', 'load'],
      ['0x10', 'immediate', 16],
      ['%rdi', 'register', 'rdi'],
      ['%r9d', 'register', 'r9'],
      ['8', 'immediate', 8],
      ['%al', 'register', 'rax'],
    ]);
    expect(told('lock incl %gs:0x18(%rax)').slice(0, 3)).toEqual([
      ['lock', 'mnemonic', 'other'],
      ['incl', 'mnemonic', 'arithmetic'],
      ['%gs', 'register', 'gs'],
    ]);
    expect(told('movq %rax, 8(%rsp)')[0]).toEqual(['movq', 'mnemonic', 'store']);
  });

  it.each([
    ['bl', 'call'],
    ['blr', 'call'],
    ['callq', 'call'],
    ['b.eq', 'branch'],
    ['cbz', 'branch'],
    ['jne', 'branch'],
    ['jmpq', 'branch'],
    ['ret', 'return'],
    ['retq', 'return'],
    ['brk', 'trap'],
    ['udf', 'trap'],
    ['ud2', 'trap'],
    ['int3', 'trap'],
    ['adrp', 'address'],
    ['leaq', 'address'],
    ['movz', 'move'],
    ['csel', 'move'],
    ['cmovneq', 'move'],
    ['ldp', 'load'],
    ['ldaddal', 'load'],
    ['popq', 'load'],
    ['strb', 'store'],
    ['stxr', 'store'],
    ['pushq', 'store'],
    ['add', 'arithmetic'],
    ['btsq', 'arithmetic'],
    ['bic', 'arithmetic'],
    ['nop', 'nop'],
    ['bti', 'nop'],
    ['nopw', 'nop'],
    ['endbr64', 'nop'],
    ['mrs', 'system'],
    ['dmb', 'system'],
    ['paciasp', 'system'],
    ['wrmsr', 'system'],
    ['.inst', 'other'],
  ] as const)('PAGE-100: call %s %s', (mnemonic, kind) => {
    expect(tokens(mnemonic)).toEqual([{ type: 'mnemonic', text: mnemonic, kind }]);
  });
});
