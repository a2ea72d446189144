/** How HTTP answers: values as JSON, refusals by the error table, recorded texts as they are. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS, type ErrorCode, type WireError, wireError } from '../../../protocol/errors.ts';
import type { Valid } from '../../../protocol/validate.ts';
import { isMistake, type Outcome, thrown } from '../../pipelines/outcome.ts';

/** Thrown in a handler: the answer is this error. */
export class Refused extends Error {
  readonly error: WireError;

  constructor(error: WireError) {
    super(error.message);
    this.error = error;
  }
}

export const refused = (code: ErrorCode, message: string): Refused => new Refused(wireError(code, message));

export function accepted<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Refused(outcome.error);
  return outcome.value;
}

export function valid<T>(code: ErrorCode, checked: Valid<T>): T {
  if (!checked.ok) throw refused(code, checked.message);
  return checked.value;
}

export function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(text);
}

/** The type of an answer of lines of JSON. */
export const NDJSON = 'application/x-ndjson';

/** Aborts when the client is gone before it has its answer. */
export function goneOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

/** fastify's own refusals, by its codes. */
const FASTIFY: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'bad-command',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'bad-command',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad-command',
  FST_ERR_BAD_URL: 'not-found',
  FST_ERR_MAX_PARAM_LENGTH: 'not-found',
};

/** What fastify's words leave out. */
const HINTS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE:
    ': expected application/json for a command, application/octet-stream for a module file, application/x-ndjson or ' +
    'application/gzip for a session',
};

export function errorHandler(mistake: (error: unknown) => void) {
  return (error: FastifyError | Refused, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const said = toWire(error, request);
    if (said === undefined && !isCutOff(request, error) && isMistake(error)) mistake(error);
    const answer = said ?? thrown(error).error;
    return reply.code(ERRORS[answer.code].status).send(answer);
  };
}

/**
 * The client has gone away in the middle of its request, or when all of it had come and not all of it was read: what
 * comes of that is nobody's mistake.
 */
function isCutOff({ raw }: FastifyRequest, error: unknown): boolean {
  return raw.destroyed && (!raw.complete || error === raw.errored);
}

function toWire(error: FastifyError | Refused, { routeOptions }: FastifyRequest): WireError | undefined {
  if (error instanceof Refused) return error.error;
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return wireError(
      'too-large',
      `the body is larger than ${routeOptions.bodyLimit} bytes, the limit of ${routeOptions.url}`,
    );
  }
  const theirs = (error.statusCode ?? 500) < 500 && error.code?.startsWith('FST_') ? 'bad-command' : undefined;
  const code = FASTIFY[error.code] ?? theirs;
  return code === undefined ? undefined : wireError(code, `${error.message}${HINTS[error.code] ?? ''}`);
}
