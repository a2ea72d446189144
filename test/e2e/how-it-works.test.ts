import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startDaemon } from '../../daemon/daemon.ts';
import { start } from './cli-process.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOC = join(ROOT, 'docs', 'how-it-works.md');
/** What stands in a `console` block is compared, a `sh` block only runs. */
const BLOCK = /```(console|sh)\n([\s\S]*?)```/g;

/** The commands of a block; what stands between them is what they print. */
const commandsOf = (block: string): readonly string[] =>
  block.split('\n').filter((line) => line.startsWith('$ ') && line.length > 2);

it('CMP-5, STAT-1, WHY-1, TRACE-2: every example of docs/how-it-works.md prints what the page says', {
  timeout: 300_000,
}, async () => {
  const text = await readFile(DOC, 'utf8');
  const daemon = await startDaemon({
    host: '127.0.0.1',
    port: 0,
    stores: { memory: true },
    demo: 'off',
    logLevel: 'silent',
  });
  const folder = await mkdtemp(join(tmpdir(), 'veneerd-how-'));
  try {
    for (const name of ['docs', 'test']) await symlink(join(ROOT, name), join(folder, name));
    const run = async (command: string): Promise<string> => {
      const [veneer, ...args] = command.slice(2).split(' ');
      expect(veneer).toBe('veneer');
      const { out, err } = await start(args, { VENEERD_URL: daemon.url }, folder).done;
      return `${command}\n${out}${err}`
        .split('\n')
        .map((line) => line.trimEnd())
        .join('\n');
    };
    const blocks: string[] = [];
    for (const [whole, kind, block = ''] of text.matchAll(BLOCK)) {
      const prompt = kind === 'sh' ? '$ ' : '';
      let answer = '';
      for (const command of commandsOf(block.replace(/^/gm, prompt))) answer += await run(command);
      blocks.push(kind === 'sh' ? whole : `\`\`\`console\n${answer}\`\`\``);
    }
    expect(blocks.length).toBeGreaterThanOrEqual(9);
    let next = 0;
    const written = text.replace(BLOCK, () => blocks[next++] ?? '');
    // VENEERD_WRITE_DOCS=1 writes the page anew; look at the difference before you commit it.
    if (process.env.VENEERD_WRITE_DOCS === '1') await writeFile(DOC, written);
    else expect(text).toBe(written);
  } finally {
    await daemon.close();
    await rm(folder, { recursive: true, force: true });
  }
});
