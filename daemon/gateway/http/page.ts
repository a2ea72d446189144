/** The page that a person sees who opens the daemon's address in a browser: files that were made before, and who may run what in it. */
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** A year: a file whose name holds its digest never changes. */
const FOREVER = 'public, max-age=31536000, immutable';

/** Nothing runs, is shown or is talked to but what comes from here. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What leads elsewhere: there is no such file. */
const STRANGE = /(^|[\\/])\.|\0/;

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** `folder`: of the page's files with their compressed twins (bin/page.mjs); undefined where there is no page. Open to all: it holds no secret. */
export function pageRoute(app: FastifyInstance, folder: string | undefined): void {
  if (folder === undefined) {
    app.get('/', { config: { open: true } }, async (_request, reply) =>
      reply
        .headers(HEADERS)
        .type('text/plain; charset=utf-8')
        .send('veneerd runs, and has no page: it was not built. The command line is there, and /machines.\n'),
    );
    return;
  }
  app.register(fastifyStatic, {
    root: folder,
    serve: false,
    preCompressed: true,
    cacheControl: false,
    allowedPath: (path) => !STRANGE.test(path),
    // Of files alone: that there is none must not be kept.
    setHeaders(response, path) {
      for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
      response.setHeader('cache-control', path.startsWith(join(folder, 'assets')) ? FOREVER : 'no-cache');
    },
  });
  const file = (path: string, nameOf: (rest: string) => string): void => {
    app.get<{ Params: { '*': string } }>(path, { config: { open: true } }, (request, reply) =>
      reply.sendFile(nameOf(request.params['*'])),
    );
  };
  file('/', () => 'index.html');
  file('/icon.svg', () => 'icon.svg');
  file('/assets/*', (rest) => `assets/${rest}`);
}
