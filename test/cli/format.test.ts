import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, count, counted, distance, share } from '../../clients/cli/format/number.ts';
import { plain } from '../../clients/cli/format/plain.ts';
import { pairs, table } from '../../clients/cli/format/table.ts';
import { output } from '../../clients/cli/output.ts';

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [1024 * 1024 - 1, '1 MiB'],
    [128 * 1024 * 1024, '128 MiB'],
    [2 ** 31, '2 GiB'],
    [-4096, '-4 KiB'],
  ])('CLI-8: %d bytes read %s', (size, text) => {
    expect(bytes(size)).toBe(text);
  });

  it('CLI-8: distances have a sign', () => {
    expect([distance(4), distance(-(128 * 1024 * 1024)), distance(0)]).toEqual(['+4 B', '-128 MiB', '0 B']);
  });

  it('CLI-8: a size never has a number above 1023 or more than one decimal', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (size) => {
        expect(bytes(size)).toMatch(/^(\d{1,3}|10[01]\d|102[0-3])(\.\d)? [KMGTP]?i?B$/);
      }),
    );
  });

  it('CLI-8: counts set thousands apart and know one from many', () => {
    expect([count(64083), count(-1234567), count(999)]).toEqual(['64,083', '-1,234,567', '999']);
    expect([counted(1, 'hole'), counted(2, 'hole'), counted(0, 'branch', 'branches')]).toEqual([
      '1 hole',
      '2 holes',
      '0 branches',
    ]);
  });

  it('CLI-8: a share reads 100 % only for all and 0 % only for none', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (part, rest) => {
        const text = share(part, part + rest);
        expect(text === '100 %').toBe(part > 0 && rest === 0);
        expect(text === '0 %').toBe(part === 0 && rest > 0);
      }),
    );
    expect([share(0, 0), share(999_999, 1_000_000), share(1, 1_000_000)]).toEqual(['–', '99.9 %', '0.1 %']);
  });
});

describe('text from outside', () => {
  it('CLI-6: control and direction-changing characters become visible', () => {
    expect(plain('a\x1b[2Jb\n\u202e\u009b')).toBe('a\\x1b[2Jb\\x0a\\u{202e}\\x9b');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plain(text)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });
});

describe('tables', () => {
  it('pad columns to their widest cell, numbers to the right, and style after padding', () => {
    const rows = [
      { name: 'xfs', size: 12 },
      { name: 'x\ny', size: 3456 },
    ];
    const lines = table(
      [
        { head: 'NAME', cell: (row) => row.name, style: (text) => `<${text}>` },
        { head: 'SIZE', right: true, cell: (row) => String(row.size) },
      ],
      rows,
    );
    expect(lines).toEqual(['NAME    SIZE', '<xfs   >    12', '<x\\x0ay>  3456']);
  });

  it('align names and values', () => {
    expect(
      pairs([
        ['a', '1'],
        ['long', '2'],
      ]),
    ).toEqual(['a     1', 'long  2']);
  });
});

describe('colours', () => {
  const written = (json: boolean, env: NodeJS.ProcessEnv, isTTY: boolean): string => {
    let text = '';
    const sink = new Writable({
      write: (chunk, _, done) => {
        text += String(chunk);
        done();
      },
    });
    const stream = Object.assign(sink, { isTTY });
    const out = output(json, env, stream, stream);
    out.print(out.paint.bold('result'));
    out.error('refusal');
    return text;
  };

  it('CLI-7: are used on a terminal, unless NO_COLOR says something', () => {
    expect(written(false, {}, true)).toContain('\x1b[');
    expect(written(false, { NO_COLOR: '' }, true)).toContain('\x1b[');
    expect(written(false, { NO_COLOR: '1' }, true)).toBe('result\nrefusal\n');
    expect(written(false, {}, false)).toBe('result\nrefusal\n');
  });

  it('CLI-1: with --json nothing is printed for people', () => {
    expect(written(true, {}, false)).toBe('refusal\n');
  });
});
