/** The form of events and commands in commits written by this version; upcast.ts reads all earlier ones. */
export const COMMIT_VERSION = 1;
