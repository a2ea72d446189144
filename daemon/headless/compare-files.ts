/** `veneer compare A B` of two session files: side by side, without a daemon, both read as streams. */
import { compareLogs } from '../../protocol/compare/compare.ts';
import type { ComparedLine } from '../../protocol/compare/form.ts';
import { sessionCommits } from './recorded.ts';
import { RunError } from './run-error.ts';

/** Throws a RunError where a file makes no sense. */
export async function* compareFiles(a: string, b: string): AsyncGenerator<ComparedLine, void> {
  try {
    yield* compareLogs(sessionCommits(a), sessionCommits(b));
  } catch (error) {
    // Each line was a commit, and yet they don't fit each other.
    if (error instanceof RangeError) throw new RunError(`${a}, ${b}: ${error.message}`);
    throw error;
  }
}
