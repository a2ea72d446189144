// `npm run build`: the SDK as plain JavaScript with its types, in dist/sdk. What it needs at run time is rxjs, and in Node ws.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(process.argv[2] ?? join(root, 'dist'), 'sdk');
const require = createRequire(import.meta.url);
// tsx works with esbuild and brings it along.
const esbuild = createRequire(require.resolve('tsx/package.json'))('esbuild');

rmSync(out, { recursive: true, force: true });
await esbuild.build({
  entryPoints: ['clients/sdk/index.ts', 'clients/sdk/node.ts'],
  absWorkingDir: root,
  outdir: out,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  external: ['rxjs', 'ws'],
  logLevel: 'warning',
  tsconfigRaw: {},
});

// Types as they are written, with the names of the files that hold them.
const settings = join(mkdtempSync(join(root, 'node_modules', '.cache', 'types-')), 'tsconfig.json');
writeFileSync(
  settings,
  JSON.stringify({
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      emitDeclarationOnly: true,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: root,
      outDir: join(out, 'types'),
    },
    include: [],
    files: [join(root, 'clients/sdk/index.ts'), join(root, 'clients/sdk/node.ts')],
  }),
);
const tsc = join(require.resolve('typescript/package.json'), '..', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', settings], { stdio: 'inherit' });
rmSync(join(settings, '..'), { recursive: true, force: true });
process.exitCode = status ?? 1;
