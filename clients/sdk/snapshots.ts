/** Whether a machine's snapshots say what its log says. */
import type { SnapshotLine, SnapshotVerdict } from '../../protocol/snapshots.ts';
import type { Http } from './http.ts';
import { cutOff, linesOf } from './lines.ts';

export async function* verifySnapshots(http: Http, path: string): AsyncGenerator<SnapshotVerdict, void> {
  for await (const line of linesOf<SnapshotLine>(await http.call('GET', `${path}/snapshots/verification`))) {
    if ('verified' in line) return;
    yield line;
  }
  throw cutOff();
}
