/** What a person sees who opens the daemon's address in a browser. */
import type { FastifyInstance } from 'fastify';
import { firstSteps } from '../../first-steps.ts';
import { DEMO_MACHINE } from '../../pipelines/demo.ts';
import type { Runtime } from '../../pipelines/runtime.ts';

export function pageRoute(app: FastifyInstance, runtime: Runtime): void {
  app.get('/', { config: { open: true } }, async (request, reply) => {
    const demo = (await runtime.head(DEMO_MACHINE)).ok;
    // By the name that the browser reached it: a container does not know its own.
    return reply.type('text/html; charset=utf-8').send(page(`${request.protocol}://${request.host}`, demo));
  });
}

const escaped = (text: string): string => text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
const link = (path: string): string => `<a href="${path}">${path}</a>`;

function page(url: string, demo: boolean): string {
  const steps = URL.canParse(url) ? firstSteps(url, demo).map(escaped).join('\n') : '';
  const paths = demo
    ? ['/machines', '/machines/demo', '/machines/demo/view', '/machines/demo/session']
    : ['/machines', '/healthz', '/readyz'];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>veneerd</title>
<style>body{font:16px/1.5 system-ui;max-width:46rem;margin:3rem auto;padding:0 1rem}pre{background:#8882;padding:1rem;overflow:auto}</style>
<h1>veneerd</h1>
<p>This daemon simulates a Linux kernel's module loader. Every decision that the kernel would take (where a module
lands, which branch needs a veneer) is an event in a log.</p>
<p>In a terminal, in the project's folder:</p>
<pre>${steps}</pre>
<p>Over HTTP: ${paths.map(link).join(', ')}.
Over WebSocket: <code>/ws</code>, subprotocol <code>veneerd.v1</code>. docs/protocol.md describes both.</p>
</html>
`;
}
