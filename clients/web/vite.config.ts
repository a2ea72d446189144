/** How the page is built: `bin/page.mjs` does it at the first start, `npx vite clients/web` serves it while you work on it. */
import { defineConfig } from 'vite';

/** Where `npx vite clients/web` finds a daemon. */
const DAEMON = process.env.VENEERD_URL ?? 'http://127.0.0.1:7077';
/** The daemon talks to pages of its own origin only. */
const OVER = { target: DAEMON, changeOrigin: true, headers: { origin: DAEMON } };
const PATHS = ['/machines', '/presets', '/blobs', '/tickets', '/healthz', '/readyz'];

export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: 'es2022',
    // Everything is a file of our own: the page's policy allows no data in addresses but pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      ...Object.fromEntries(PATHS.map((path) => [path, OVER])),
      '/ws': { ...OVER, ws: true },
    },
  },
});
