/** The player on the log of a real daemon. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ClientError } from '../../../clients/sdk/errors.ts';
import { connect } from '../../../clients/sdk/node.ts';
import type { Client } from '../../../clients/sdk/types.ts';
import { openPicture, type Picture } from '../../../clients/web/model/picture.ts';
import { openPlayer, type Player } from '../../../clients/web/model/player.ts';
import { viewDigest } from '../../../protocol/view/json.ts';
import { type DaemonProcess, startProcess } from '../../e2e/daemon-process.ts';

const SESSION = new URL('../../../sessions/demo.veneer.jsonl.gz', import.meta.url);
const PATIENT = { timeout: 30_000, interval: 20 };

describe('the player', () => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-player-'));
  let daemon: DaemonProcess;
  let client: Client;

  beforeAll(async () => {
    daemon = await startProcess(['--data', folder]);
    client = connect(daemon.url);
    await client.importSession('demo', readFileSync(SESSION));
  });
  afterAll(async () => {
    client.close();
    await daemon.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** `shown`: every position to which the picture jumped. */
  function opened(): { readonly picture: Picture; readonly player: Player; readonly shown: number[] } {
    const shown: number[] = [];
    const picture = openPicture('demo', { jump: ({ commit }) => void shown.push(commit), fold: () => {} });
    const failed = (error: ClientError | null): void => expect.fail(error?.message);
    const player = openPlayer(client.machine('demo'), picture, { changed: () => {}, waiting: () => {}, failed });
    return { picture, player, shown };
  }

  it('PAGE-152: who drags without a pause sees positions on the way, and the last one at the end', async () => {
    const { picture, player, shown } = opened();
    let wish = 1200;
    while (shown.length < 3) {
      wish = wish > 400 ? wish - 1 : 1200;
      player.goTo(wish);
      await turn();
    }
    player.goTo(300);
    await vi.waitFor(() => expect(picture.position.commit).toBe(300), PATIENT);
    const { view } = await client.machine('demo').view({ at: 300, brief: true });
    expect(view.modules.length).toBe(picture.view.modules.size);
    player.close();
  });

  it('PAGE-152: a wish of another kind ends the drag: nothing of it is shown after it', async () => {
    const { picture, player, shown } = opened();
    player.goTo(700);
    player.live();
    player.goTo(800);
    await vi.waitFor(() => expect(picture.position.commit).toBe(800), PATIENT);
    expect(shown).toEqual([800]);
    const other = opened();
    other.player.goTo(800);
    await vi.waitFor(() => expect(other.picture.position.commit).toBe(800), PATIENT);
    expect(viewDigest(other.picture.view)).toBe(viewDigest(picture.view));
    player.close();
    other.player.close();
  });
});
