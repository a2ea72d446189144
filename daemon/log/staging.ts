/**
 * A machine in the making (Staging in log.ts): what is the same for all stores. The commits are numbered and checked
 * here, go to the store in chunks, one chunk at a time, and a name that is taken is compared with what was staged.
 */
import { checkEntry } from './arguments.ts';
import { messageOf, StoreError } from './errors.ts';
import { type EventLog, type NewEntry, PAGE_BYTES, PAGE_ENTRIES, type PublishResult, type Staging } from './log.ts';

/** `epoch` and `head` are of the machine that is there now. */
export type RawPublished = Omit<PublishResult, 'status'> & { readonly created: boolean };

/** What a store has to do itself. It is asked for one thing at a time. */
export type RawStaging = {
  /** Stores the commits `from`, from + 1, …; throws `invalid-argument` for an id that was staged before. */
  append(from: number, entries: readonly NewEntry[]): Promise<void>;
  /** Makes them the machine, if there is none. */
  publish(count: number, firstId: string): Promise<RawPublished>;
  /** Lets go of them, unless they are the machine. */
  discard(): Promise<void>;
};

export function openStaging(
  name: string,
  epoch: string,
  { find, read }: Pick<EventLog, 'find' | 'read'>,
  open: () => RawStaging,
): Staging {
  let raw: RawStaging | undefined;
  let count = 0;
  let firstId = '';
  let firstText = '';
  let lastId = '';
  let over: string | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: (raw: RawStaging) => Promise<T>): Promise<T> => {
    const mine = turn.then(() => {
      if (over !== undefined) throw new StoreError('invalid-argument', `staging ${name}: ${over}`);
      raw ??= open();
      return work(raw);
    });
    turn = mine.catch(() => undefined);
    return mine;
  };

  /**
   * Whether the machine that is there was made by these commits: both ends of what was staged are where they were. The
   * first is looked at as a whole, as forks of one log have the same command ids and say there what is other in them.
   */
  const isSame = async (theirs: string): Promise<boolean> => {
    if ((await find(name, theirs, firstId)) !== 1 || (await find(name, theirs, lastId)) !== count) return false;
    const page = await read(name, theirs, { after: 0, limit: 1 });
    return page.status === 'page' && page.entries[0]?.text === firstText;
  };

  return {
    append: (entries) =>
      inTurn(async (store) => {
        for (const entry of entries) checkEntry(entry);
        try {
          for (const chunk of chunks(entries)) {
            await store.append(count + 1, chunk);
            firstId ||= chunk[0]?.id ?? '';
            firstText ||= chunk[0]?.text ?? '';
            lastId = chunk.at(-1)?.id ?? lastId;
            count += chunk.length;
          }
        } catch (error) {
          over = `an earlier append failed (${messageOf(error)})`;
          throw error;
        }
      }),

    publish: () =>
      inTurn(async (store) => {
        if (count === 0) throw new StoreError('invalid-argument', `staging ${name}: a machine has at least one commit`);
        const there = await store.publish(count, firstId);
        const { head } = there;
        // A machine of this very epoch was made by a publish before, whose answer was lost.
        if (there.created || there.epoch === epoch) {
          over = 'it was published';
          return { status: 'created', epoch, head };
        }
        const status = (await isSame(there.epoch)) ? 'duplicate' : 'machine-exists';
        over = `there was a machine of that name`;
        await store.discard();
        return { status, epoch: there.epoch, head };
      }),

    discard() {
      const mine = turn.then(async () => {
        over = 'it was discarded';
        await raw?.discard();
      });
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** No more commits and bytes in one piece than in a page. */
function* chunks(entries: readonly NewEntry[]): Generator<readonly NewEntry[]> {
  let chunk: NewEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const more = Buffer.byteLength(entry.text);
    if (chunk.length >= PAGE_ENTRIES || (chunk.length > 0 && bytes + more > PAGE_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(entry);
    bytes += more;
  }
  if (chunk.length > 0) yield chunk;
}

export function stagedTwice(id: string): StoreError {
  return new StoreError('invalid-argument', `the command id ${id} is there twice`);
}
