import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFolder } from '../../daemon/log/folder.ts';

it('LOG-30: what is missing above a folder is made; one that cannot be made is said at once', () => {
  const base = mkdtempSync(join(tmpdir(), 'veneerd-folder-'));
  const deep = join(base, 'a', 'b', 'c');
  try {
    makeFolder(deep);
    makeFolder(deep);
    expect(statSync(deep).mode & 0o777).toBe(0o700);
  } finally {
    rmSync(base, { recursive: true });
  }
  // Node's own way of making all of them at once never comes back from here.
  expect(() => makeFolder('/proc/none/none')).toThrow('ENOENT');
});
