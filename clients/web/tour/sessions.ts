/** What ships with the page: sessions, and modules that they load. Files of its own, fetched when a stop needs them. */
import type { Shipped } from './machine-for.ts';

const SESSIONS = import.meta.glob<string>(
  ['../../../sessions/tour-*.veneer.jsonl.gz', '../../../sessions/demo.veneer.jsonl.gz'],
  { query: '?url', import: 'default', eager: true },
);
const MODULES = import.meta.glob<string>('../../../sessions/modules/*.ko', {
  query: '?url',
  import: 'default',
  eager: true,
});

export const shipped: Shipped = {
  session(name) {
    const url = SESSIONS[`../../../sessions/${name}`];
    if (url === undefined) throw new Error(`the page was built without ${name}`);
    return bytesOf(url);
  },
  async module(name) {
    const url = MODULES[`../../../sessions/modules/${name}`];
    return url === undefined ? null : bytesOf(url);
  },
};

async function bytesOf(url: string): Promise<Uint8Array> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}
