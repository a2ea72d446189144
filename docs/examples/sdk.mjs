// The SDK in a dozen lines: boots a machine, loads a module, folds nothing itself, and follows what happens.
//   node sdk.mjs http://127.0.0.1:7077 MODULE.ko
import { readFile } from 'node:fs/promises';
import { connect } from 'veneerd/sdk';

const [url = 'http://127.0.0.1:7077', file = 'hello.ko'] = process.argv.slice(2);
const client = connect(url, { token: process.env.VENEERD_TOKEN });
await client.boot('m1');
const machine = client.machine('m1');
const { sha256 } = await client.upload(await readFile(file), file);
const { commit } = await machine.command({ type: 'load', blob: sha256 });
console.log(`commit ${commit.number}: ${commit.events.at(-1).type}`);

// Every commit after a position, in order, once, across broken connections.
for await (const item of machine.commits({ from: 'start', filter: { kinds: ['ModuleLive', 'VeneerWritten'] } })) {
  if (item.kind === 'live') break; // everything there is
  console.log(
    item.position.commit,
    item.commit.events.map((event) => event.type),
  );
}
// Any question can be asked of any position; a bookmark names one.
await machine.command({ type: 'bookmark', name: 'loaded' });
const { position, view } = await machine.view({ at: '@loaded' });
const before = await machine.view({ at: 1 });
console.log(`${before.view.modules.length} modules, then ${view.modules.length} after commit ${position.commit}`);

// What if? The same commands under other rules make another machine, and the two are compared event by event.
await machine.fork({ as: 'what-if', changes: { without: ['hello'] } });
for await (const line of machine.compare('what-if')) {
  if ('summary' in line) console.log(`the same: ${line.summary.same}, only in m1: ${line.summary.onlyA}`);
}
client.close();
