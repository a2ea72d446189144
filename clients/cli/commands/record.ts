/** `veneer record`: a machine's log as a session file, whole and followed until Ctrl-C. */
import { SESSION_FORMAT } from '../../../protocol/session.ts';
import { type Context, following, theMachine } from '../context.ts';
import { until } from '../following.ts';
import { counted } from '../format/number.ts';
import { writeSession } from '../session-file.ts';

export interface RecordOptions {
  readonly untilLive?: true;
  readonly force?: true;
  readonly about?: string;
}

export async function record(context: Context, file: string, options: RecordOptions): Promise<void> {
  const { out } = context;
  const signal = context.interruption();
  await following(context, async (client) => {
    const machine = await theMachine(context, client);
    await machine.summary();
    const about = options.about === undefined ? {} : { about: options.about };
    const header = { format: SESSION_FORMAT, machine: machine.name, ...about } as const;
    const session = await writeSession(file, header, options.force === true);
    try {
      for await (const item of until(signal, machine.commits({ from: 'start' }))) {
        if (item.kind === 'commit') await session.commit(item.commit);
        else if (options.untilLive) break;
        else if (session.view.commit === item.position.commit) out.note(`recording ${machine.name}, Ctrl-C ends`);
      }
    } finally {
      const footer = await session.finish();
      await out.value({ file, machine: machine.name, commits: footer.commits, digest: footer.digest });
      out.print(`${file}: ${counted(footer.commits, 'commit')}, digest ${footer.digest}`);
    }
  });
}
