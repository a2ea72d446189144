/** What a person sees who opens the daemon's address in a browser. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>veneerd</title>
<style>body{font:16px/1.5 system-ui;max-width:46rem;margin:3rem auto;padding:0 1rem}pre{background:#8882;padding:1rem;overflow:auto}</style>
<h1>veneerd</h1>
<p>This daemon simulates a Linux kernel's module loader. Every decision that the kernel would take (where a module
lands, which branch needs a veneer) is an event in a log.</p>
<p>In a terminal, in the project's folder:</p>
<pre>npm run -s veneer -- watch -m demo       # a recorded session, replayed: the 128 MB window fills up
npm run -s veneer -- map -m demo         # windows, modules, holes, fill
npm run -s veneer -- boot m1             # a machine of your own
npm run -s veneer -- load -m m1 FILE.ko  # .ko, .ko.gz, .ko.xz or .ko.zst, for arm64</pre>
<p>Over HTTP: <a href="/machines">/machines</a>, <a href="/machines/demo">/machines/demo</a>,
<a href="/machines/demo/view">/machines/demo/view</a>, <a href="/machines/demo/session">/machines/demo/session</a>.
Over WebSocket: <code>/ws</code>, subprotocol <code>veneerd.v1</code>. docs/protocol.md describes both.</p>
</html>
`;
