/** `connect(url)`: what everybody uses to talk to a daemon. Runs in browsers; for Node see node.ts. */
export { connect } from './client.ts';
export { ClientError, type ClientErrorCode } from './errors.ts';
export type * from './types.ts';
