import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hex, toHex } from '../../protocol/address.ts';
import { parseSystemMap, type SystemMap } from '../../protocol/system-map.ts';

const IMAGE = ['ffff800008000000 T _text', 'ffff800008d00000 D _etext', 'ffff80000a010000 B _end'];

function parsed(...lines: readonly string[]): SystemMap {
  const result = parseSystemMap(`${[...IMAGE, ...lines].join('\n')}\n`);
  if (!result.ok) throw new Error(result.message);
  return result.map;
}

function refusal(text: string): string {
  const result = parseSystemMap(text);
  if (result.ok) throw new Error('expected a refusal');
  return result.message;
}

describe('System.map and kallsyms', () => {
  it('CLI-10: give the image and the symbols that have a __ksymtab_', () => {
    const map = parsed(
      'ffff800008010000 T kfree',
      'ffff800008010100 T not_exported',
      'ffff800008010200 t local',
      'ffff800009000000 r __ksymtab_kfree',
    );
    expect(map.kernel).toEqual({ text: '0xffff800008000000', etext: '0xffff800008d00000', end: '0xffff80000a010000' });
    expect(map.symbols).toEqual({ kfree: '0xffff800008010000' });
    expect(map.notes).toEqual([]);
  });

  it('CLI-10: tell GPL-only exports by where their __ksymtab_ entries lie', () => {
    const map = parsed(
      'ffff800008010000 T kfree',
      'ffff800008010100 T gpl_thing',
      'ffff800009000000 R __start___ksymtab',
      'ffff800009000000 r __ksymtab_kfree',
      'ffff80000900000c R __start___ksymtab_gpl',
      'ffff80000900000c r __ksymtab_gpl_thing',
      'ffff800009000018 R __stop___ksymtab_gpl',
    );
    expect(map.gplOnly).toEqual(['gpl_thing']);
  });

  it('CLI-10: take the global one of several symbols that share a name', () => {
    const map = parsed(
      'ffff800008010000 t same',
      'ffff800008010100 T same',
      'ffff800008010200 t same',
      'ffff800009000000 r __ksymtab_same',
    );
    expect(map.symbols).toEqual({ same: '0xffff800008010100' });
  });

  it('CLI-11: take every global symbol where the file has no __ksymtab_, and say so', () => {
    const map = parsed('ffff800008010000 T kfree', 'ffff800008010100 W memcpy', 'ffff800008010200 t local');
    expect(Object.keys(map.symbols)).toEqual(['_end', '_etext', '_text', 'kfree', 'memcpy']);
    expect(map.notes.join()).toMatch(/every global symbol .* taken as exported/);
  });

  it('CLI-11: pass over the symbols of modules', () => {
    const map = parsed('ffff800008010000 T kfree', 'ffff800000d05000 T xfs_bmapi\t[xfs]');
    expect(map.symbols).not.toHaveProperty('xfs_bmapi');
  });

  it('CLI-11: say what had to be taken for _text and _end where a kernel names no data', () => {
    const result = parseSystemMap('ffff800008010000 T _stext\nffff800008d00000 D _etext\nffff800009000000 T last\n');
    expect(result).toMatchObject({
      ok: true,
      map: { kernel: { text: '0xffff800008010000', end: '0xffff800009000000' } },
    });
    expect(result.ok && result.map.notes).toHaveLength(3);
  });

  it('CLI-12: are refused when kptr_restrict hides the addresses, with what to do', () => {
    expect(refusal('0000000000000000 T _text\n0000000000000000 T _etext\n')).toMatch(/kptr_restrict.*sysctl/);
  });

  it.each([
    ['', 'holds no symbols'],
    ['ffff800008000000 T\n', 'line 1: expected "ADDRESS TYPE NAME"'],
    ['ffff800008000000 T _text\nELF\n', 'line 2: expected "ADDRESS TYPE NAME", found "ELF"'],
    ['1234567812345678 T _text\n', 'line 1: 0x1234567812345678 is not a canonical kernel address'],
    ['ffff800008000000 T _text\n', 'has no symbol _etext'],
    ['ffff800008000000 T _etext\n', 'has neither _text nor _stext'],
    ['ffff800009000000 T _text\nffff800008000000 T _etext\n', 'expected _text < _etext <= _end'],
  ])('CLI-13: %j is refused: %s', (text, words) => {
    expect(refusal(text)).toContain(words);
  });

  it('CLI-13: no text makes the parser throw', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(...IMAGE, '0000000000000000 A x', 'ffff800008000000 T __proto__'),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const result = parseSystemMap(lines.join('\n'));
        expect(typeof (result.ok ? result.map.kernel.text : result.message)).toBe('string');
      }),
    );
  });

  it('CLI-10: every set of exports comes back, whatever the names and the order of lines', () => {
    const name = fc
      .stringMatching(/^[A-Za-z_][A-Za-z0-9_.$]{0,20}$/)
      .filter((n) => !/^_(text|stext|etext|end)$|^__ksymtab_/.test(n));
    const address = fc.integer({ min: -0x7ffff8000000, max: -1 }).map(toHex);
    fc.assert(
      fc.property(fc.dictionary(name, address), fc.boolean(), fc.infiniteStream(fc.nat()), (symbols, crlf, order) => {
        const own = Object.entries(symbols) as [string, Hex][];
        const lines = own.flatMap(([n, at]) => [`${at.slice(2)} T ${n}`, `ffff800009000000 r __ksymtab_${n}`]);
        const shuffled = [...IMAGE, 'ffff800009000000 r __ksymtab_', ...lines]
          .map((text) => [order.next().value ?? 0, text] as const)
          .sort(([a], [b]) => a - b)
          .map(([, text]) => text);
        const result = parseSystemMap(shuffled.join(crlf ? '\r\n' : '\n'));
        expect(result.ok && Object.entries(result.map.symbols).sort()).toEqual(own.sort());
      }),
    );
  });
});

const ARCHIVE = fileURLToPath(new URL('../../../shared/truth/captures/arm64-6.1.tar.xz', import.meta.url));
const SCENARIO = fileURLToPath(new URL('../../../shared/truth/arm64-near/scenario.json', import.meta.url));
const recorded = existsSync(ARCHIVE) && existsSync(SCENARIO);
if (!recorded) console.warn(`SKIPPED: kallsyms of a running kernel: ${ARCHIVE} is not there`);

describe.skipIf(!recorded)('the kallsyms of a running 6.1', { timeout: 60_000 }, () => {
  const capture = (moment: string): string =>
    execFileSync('tar', ['-xJOf', ARCHIVE, `arm64-6.1/${moment}/proc/kallsyms`], {
      maxBuffer: 1 << 26,
      encoding: 'utf8',
    });

  it('CLI-11: every address that it shares with the recorded exports is the same', () => {
    const result = parseSystemMap(capture('2-loaded'));
    if (!result.ok) throw new Error(result.message);
    const { symbols, kernel } = JSON.parse(readFileSync(SCENARIO, 'utf8')).machine as {
      symbols: Record<string, Hex>;
      kernel: { etext: Hex };
    };
    expect(result.map.kernel.etext).toBe(kernel.etext);
    const shared = Object.entries(symbols).filter(([name]) => name in result.map.symbols);
    expect(shared.length).toBeGreaterThan(3000);
    expect(shared.filter(([name, at]) => result.map.symbols[name] !== at)).toEqual([]);
  });

  it('CLI-12: a plain user sees zeros, and the file is refused', () => {
    expect(refusal(capture('1-early.user'))).toMatch(/kptr_restrict/);
  });
});
