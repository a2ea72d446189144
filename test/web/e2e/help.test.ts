import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { describePage } from './harness.ts';

const DOC = fileURLToPath(new URL('../../../docs/page.md', import.meta.url));
const KEYS = /(<!-- keys: [^>]*-->\n)[\s\S]*?(<!-- \/keys -->)/;

describePage('help', (site) => {
  it('PAGE-141: docs/page.md lists the keys that the page lists', async () => {
    const page = await site().open('?m=demo');
    await page.getByRole('button', { name: 'live' }).waitFor();
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Keys' });
    await dialog.waitFor();
    const listed = await dialog
      .locator('section')
      .evaluateAll((parts) =>
        parts.flatMap((part) =>
          [...part.querySelectorAll('dl > div')].map((row) =>
            [
              part.getAttribute('aria-label'),
              row.querySelector('dt')?.textContent,
              row.querySelector('dd')?.textContent,
            ].map((text) => (text ?? '').trim().replaceAll('|', '\\|')),
          ),
        ),
      );
    expect(listed.length).toBeGreaterThan(20);
    const lines = listed.map(([part, key, does]) => `| ${part} | \`${key}\` | ${does} |\n`);
    const table = `\n| part | key | what it does |\n| --- | --- | --- |\n${lines.join('')}\n`;
    const doc = readFileSync(DOC, 'utf8');
    if (process.env.VENEERD_WRITE_DOCS === '1') {
      writeFileSync(
        DOC,
        doc.replace(KEYS, (_, open: string, close: string) => `${open}${table}${close}`),
      );
    } else {
      expect(KEYS.exec(doc)?.[0]).toContain(table);
    }
  });
});
