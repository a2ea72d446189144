/** Some commits of a session as a file of their own: a prefix is a session, a piece from the middle a segment. */
import { type PositionText, parsePosition } from '../../../protocol/position.ts';
import { type SessionHeader, sessionProfile } from '../../../protocol/session.ts';
import { emptyView, fold } from '../../../protocol/view/fold.ts';
import type { View } from '../../../protocol/view/types.ts';
import { checkSession } from './check.ts';
import { digestOf } from './digest.ts';
import { bytesOf, type NewFile, type OnBytes, STDIN } from './file.ts';
import { readSession, SessionFault } from './read.ts';
import { openSessionText, type SessionText } from './text.ts';

export interface CutOptions {
  readonly file: string;
  /** Positions of the first and of the last commit of the piece, as people write them; the file's own ends unless told. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly onBytes?: OnBytes;
}

export interface Piece {
  readonly header: SessionHeader;
  readonly from: number;
  readonly to: number;
  readonly digest: string;
}

/** A cut that makes no sense: what is wrong with it, in words for the command line. */
export class CutError extends Error {}

/** Writes the piece into `out`. Throws SessionFault for a damaged file, CutError for positions that it does not have. */
export async function cutSession(options: CutOptions, out: NewFile): Promise<Piece> {
  const { file, onBytes } = options;
  const { from, to } = await endsOf(options);
  if (from > to) throw new CutError(`the piece would begin with commit ${from} and end with commit ${to}`);
  const view = emptyView();
  let start: SessionHeader | undefined;
  let text: SessionText | undefined;
  for await (const item of checkSession(readSession(bytesOf(file, onBytes)), view)) {
    if (item.kind === 'header') {
      start = checkHeader(options, item.header);
    } else if (item.kind === 'cut-off') {
      throw new SessionFault(item.line, 'expected a footer, the file was cut off');
    } else if (item.kind === 'commit' && start !== undefined) {
      const { number } = item.commit;
      if (number === from - 1) start = { ...start, from, base: await digestOf(view) };
      if (number < from) continue;
      const header = start;
      text ??= openSessionText(header, () => sessionProfile(view));
      await out.write(text.commit(item.text));
      if (number === to) break;
    }
  }
  const last = view.commit;
  if (text === undefined || start === undefined || (to !== END && last < to)) {
    throw new CutError(`it has ${last} commits, the piece would go from ${from} to ${to === END ? 'its end' : to}`);
  }
  const digest = await digestOf(view);
  await out.write(text.end(digest));
  return { header: start, from, to: last, digest };
}

function checkHeader({ from, to }: CutOptions, header: SessionHeader): SessionHeader {
  const begins = header.from ?? 1;
  if (begins > 1) {
    throw new CutError(
      `it begins with commit ${begins}: join it with what comes before it first (veneer session merge)`,
    );
  }
  for (const text of [from, to]) {
    const position = text === undefined ? undefined : positionOf(text);
    const epoch = position !== undefined && 'epoch' in position ? position.epoch : undefined;
    if (epoch !== undefined && epoch !== header.epoch) {
      throw new CutError(`${text}: its commits are of the epoch ${header.epoch ?? 'that nobody wrote down'}`);
    }
  }
  return header;
}

/** No number: the last commit, whichever that is. */
const END = Number.POSITIVE_INFINITY;

function positionOf(text: string): PositionText {
  const parsed = parsePosition(text);
  if (!parsed.ok) throw new CutError(parsed.message);
  return parsed.position;
}

/** Commit numbers of both ends. The file is read for them where it must be: for bookmarks, and counting from its end. */
async function endsOf({ file, from, to }: CutOptions): Promise<{ readonly from: number; readonly to: number }> {
  const first = from === undefined ? 1 : positionOf(from);
  const last = to === undefined ? END : positionOf(to);
  const known = { from: plainNumber(first), to: plainNumber(last) };
  if (known.from === 0 || known.to === 0) throw new CutError('commits are counted from 1');
  if (known.from !== undefined && known.to !== undefined) return { from: known.from, to: known.to };
  if (file === STDIN) throw new CutError('bookmarks and positions from the end need a file, which is read twice');
  const view = await wholeView(file);
  return { from: known.from ?? numberIn(view, first), to: known.to ?? numberIn(view, last) };
}

function plainNumber(position: PositionText | number): number | undefined {
  if (typeof position === 'number') return position;
  return 'commit' in position && position.commit !== null ? position.commit : undefined;
}

function numberIn(view: View, position: PositionText | number): number {
  if (typeof position === 'number') return position;
  if (position.form === 'back') return Math.max(1, view.commit - position.commits);
  if (position.form !== 'bookmark') return view.commit;
  const bookmark = view.bookmarks.get(position.name);
  if (bookmark === undefined) {
    const names = [...view.bookmarks.keys()].join(', ');
    throw new CutError(`no bookmark is called ${position.name}${names === '' ? '' : `, there are ${names}`}`);
  }
  return Math.max(1, bookmark.at);
}

/** After the last whole commit: what is wrong with the file is told when it is cut. */
async function wholeView(file: string): Promise<View> {
  const view = emptyView();
  try {
    for await (const item of readSession(bytesOf(file))) if (item.kind === 'commit') fold(view, item.commit);
  } catch {
    // The cut comes upon the same, and tells it.
  }
  return view;
}
