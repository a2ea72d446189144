/** Names that people give to positions of a log. They are part of the log, so they go where it goes. */
import Type from 'typebox';
import { BookmarkNameSchema, SizeSchema } from '../schema.ts';

const closed = { additionalProperties: false };

/** `name` means the position after commit `at` from here on, whatever it meant before. */
export const BookmarkSet = Type.Object(
  { type: Type.Literal('BookmarkSet'), name: BookmarkNameSchema, at: SizeSchema },
  closed,
);

/** Nothing has this name any more. */
export const BookmarkRemoved = Type.Object({ type: Type.Literal('BookmarkRemoved'), name: BookmarkNameSchema }, closed);
