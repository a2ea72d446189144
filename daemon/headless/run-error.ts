/** What makes a run impossible: a file that is missing or wrong. The message names it. */
export class RunError extends Error {}
