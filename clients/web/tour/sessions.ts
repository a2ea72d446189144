/** The sessions that ship with the page: files of its own, fetched when a stop needs them. */

const FILES = import.meta.glob<string>(
  ['../../../sessions/tour-*.veneer.jsonl.gz', '../../../sessions/demo.veneer.jsonl.gz'],
  { query: '?url', import: 'default', eager: true },
);

/** `name`: of the file in `sessions/`. */
export async function fetchSession(name: string): Promise<Uint8Array> {
  const url = FILES[`../../../sessions/${name}`];
  if (url === undefined) throw new Error(`the page was built without ${name}`);
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${name}: HTTP ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}
