/** What is in a session file: read once, checked on the way, told also where it is damaged. */
import { type SessionHeader, sessionProfile } from '../../../protocol/session.ts';
import { emptyView, fold } from '../../../protocol/view/fold.ts';
import type { View } from '../../../protocol/view/types.ts';
import { checkSession } from './check.ts';
import { digestOf } from './digest.ts';
import { bytesOf, type NewFile, type OnBytes, STDIN } from './file.ts';
import { readSession, SessionFault } from './read.ts';
import { openTally, type Tally } from './tally.ts';
import { openSessionText, type SessionText } from './text.ts';

/** What it says of commits is of the whole ones, those before the fault. */
export interface Survey extends Tally {
  /** `cut-off`: all before `fault.line` is whole. */
  readonly state: 'whole' | 'cut-off' | 'damaged';
  /** Where it stops being whole, and what was expected there. */
  readonly fault: { readonly line: number; readonly message: string } | null;
  /** Null where not even the header can be read. */
  readonly header: SessionHeader | null;
  /** Modules after the last commit; null of a segment, whose beginning is elsewhere. */
  readonly modules: number | null;
  /** Of the view after the last whole commit; null of a damaged segment. */
  readonly digest: string | null;
  /** False of a segment: what its digest is made of begins elsewhere. */
  readonly digestChecked: boolean;
}

export interface SurveyOptions {
  /** Where the whole commits go, ended by a footer of their own. Not for segments. */
  readonly salvage?: NewFile;
  readonly onBytes?: OnBytes;
}

/** Reads `file` to its end or to its first fault. Throws what the system says when it can't be read at all. */
export async function surveySession(file: string, { salvage, onBytes }: SurveyOptions = {}): Promise<Survey> {
  const view = emptyView();
  let after: View | undefined = view;
  const tally = openTally();
  let header: SessionHeader | null = null;
  let digest: string | null = null;
  let fault: Survey['fault'] = null;
  let state: Survey['state'] = 'damaged';
  let text: SessionText | undefined;
  try {
    for await (const item of checkSession(readSession(bytesOf(file, onBytes)), view)) {
      switch (item.kind) {
        case 'header': {
          const known = item.header;
          header = known;
          if (isBeginning(known)) text = openSessionText(known, () => known.profile ?? sessionProfile(view));
          break;
        }
        case 'commit':
          tally.add(item.commit);
          if (text !== undefined) await salvage?.write(text.commit(item.text));
          break;
        case 'footer':
          digest = item.footer.digest;
          state = 'whole';
          break;
        case 'cut-off':
          fault = { line: item.line, message: 'expected a footer, the file was cut off' };
          state = 'cut-off';
          if (text !== undefined) digest = await digestOf(view);
      }
    }
  } catch (error) {
    if (!(error instanceof SessionFault)) throw error;
    fault = { line: error.line, message: error.message };
    state = 'damaged';
    // A commit that could not be folded has left half of itself in the view.
    after = text === undefined ? undefined : await viewAfter(file, tally.commits);
    if (after !== undefined) digest = await digestOf(after);
  }
  if (text !== undefined && digest !== null) await salvage?.write(text.end(digest));
  const modules = text === undefined ? null : (after?.modules.size ?? null);
  return { state, fault, header, ...tally.result(), modules, digest, digestChecked: text !== undefined };
}

const isBeginning = ({ from = 1 }: SessionHeader): boolean => from === 1;

/** Undefined of what can be read only once. */
async function viewAfter(file: string, commits: number): Promise<View | undefined> {
  if (file === STDIN) return undefined;
  const view = emptyView();
  if (commits === 0) return view;
  for await (const item of readSession(bytesOf(file))) {
    if (item.kind === 'commit') fold(view, item.commit);
    if (view.commit === commits) break;
  }
  return view;
}
