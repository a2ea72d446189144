import { expect, it } from 'vitest';
import { sparkline } from '../../clients/cli/format/spark.ts';
import { calling, classWords, directShare } from '../../clients/cli/static-calls.ts';
import { codeText, siteCode } from '../../daemon/headless/code-text.ts';
import { addClasses, noClasses } from '../../protocol/view/static-call.ts';

it('STAT-2: the share counts only sites that call something', () => {
  const classes = { direct: 3, veneer: 1, veneers: 0, trapped: 0, none: 96 };
  expect(calling(classes)).toBe(4);
  expect(directShare(classes)).toBe('75.0 %');
  expect(directShare({ ...noClasses(), none: 5 })).toBe('–');
  expect(classWords(classes)).toBe('3 direct, 1 veneer, 96 none');
  expect(classWords(noClasses())).toBe('–');
  expect(addClasses(noClasses(), classes)).toEqual(classes);
});

it('STAT-3: the line of bars shows the lowest of what shares a column, and a blank for nothing', () => {
  expect(sparkline([0, 0.5, 1], 10)).toBe('▁▅█');
  expect(sparkline([null, 1], 10)).toBe(' █');
  expect(sparkline([1, 1, 0, 1], 2)).toBe('█▁');
  expect(sparkline([], 10)).toBe('');
});

it('STAT-1: bytes of sites and trampolines read as assembler', () => {
  expect(codeText('arm64', '0xffff800018000000', '29000094')).toBe('bl 0xffff8000180000a4');
  expect(codeText('arm64', '0xffff800018000000', '1f2003d5c0035fd6')).toBe('nop; ret');
  expect(codeText('x86-64', '0xffffffffc0000000', '0f1f440000')).toBe('nopl 0x0(%rax,%rax,1)');
});

it('STAT-1: what follows the call of an x86-64 site is not shown as its bytes', () => {
  expect(siteCode('x86-64', 'e82b3484c1c3')).toBe('e82b3484c1');
  expect(siteCode('x86-64', '0f1f440000c3')).toBe('0f1f440000');
  expect(siteCode('x86-64', '0f842b3484c1')).toBe('0f842b3484c1');
  expect(siteCode('arm64', '29000094')).toBe('29000094');
});
