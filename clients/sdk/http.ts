/** HTTP calls: a WireError in the answer becomes a ClientError, so does a network that does not answer. */
import { ERRORS, type WireError } from '../../protocol/errors.ts';
import { ClientError } from './errors.ts';

export interface Http {
  /** Any answer of 200-299; throws a ClientError for every other. */
  call(method: string, path: string, body?: Body): Promise<Response>;
  json<T>(method: string, path: string, body?: Body): Promise<T>;
  exists(path: string): Promise<boolean>;
}

export interface Body {
  readonly type: string;
  readonly content: string | Uint8Array | AsyncIterable<Uint8Array>;
}

export function openHttp(base: string, fetchWith: typeof fetch, token?: string): Http {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };

  async function call(method: string, path: string, body?: Body): Promise<Response> {
    const response = await attempt(method, path, body);
    if (response.ok) return response;
    throw await readError(response);
  }

  async function attempt(method: string, path: string, body?: Body): Promise<Response> {
    try {
      const { headers, ...rest } = body === undefined ? { headers: {} } : withBody(body);
      return await fetchWith(base + path, { method, headers: { ...headers, ...authorization }, ...rest });
    } catch (error) {
      throw new ClientError('unreachable', `${method} ${base}${path}: ${reasonOf(error)}`, true);
    }
  }

  return {
    call,
    async exists(path) {
      const response = await attempt('HEAD', path);
      if (!response.ok && response.status !== 404) throw await readError(response);
      return response.ok;
    },
    async json<T>(method: string, path: string, body?: Body) {
      const response = await call(method, path, body);
      const text = await response.text().catch((error: unknown) => {
        throw cutOff(response, error);
      });
      try {
        return JSON.parse(text) as T;
      } catch {
        throw new ClientError('bad-answer', `${method} ${path}: expected JSON, found ${text.slice(0, 200)}`);
      }
    },
  };
}

/** The answer began, and did not come to its end. */
function cutOff({ url }: Response, error: unknown): ClientError {
  return new ClientError('unreachable', `the answer of ${url} was cut off: ${reasonOf(error)}`, true);
}

function withBody({ type, content }: Body): RequestInit & { headers: Record<string, string> } {
  const headers = { 'content-type': type };
  if (typeof content === 'string') return { headers, body: content };
  if (content instanceof Uint8Array) return { headers, body: content as Uint8Array<ArrayBuffer> };
  return { headers, body: streamOf(content), duplex: 'half' } as RequestInit & { headers: Record<string, string> };
}

function streamOf(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

async function readError(response: Response): Promise<ClientError> {
  const text = await response.text().catch(() => '');
  try {
    const error = JSON.parse(text) as WireError;
    if (Object.hasOwn(ERRORS, error.code)) return ClientError.of(error);
  } catch {
    // Not JSON: somebody else answered, a proxy say.
  }
  return new ClientError('bad-answer', `HTTP ${response.status}: ${text.slice(0, 200)}`, response.status >= 500);
}

/** fetch hides the reason in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || String((cause as { code?: unknown }).code) : String(cause);
}

/** The chunks of a body; Safari's streams are no async iterables yet. */
export async function* chunksOf(response: Response): AsyncGenerator<Uint8Array, void> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw cutOff(response, error);
      });
      if (done) return;
      yield value;
    }
  } finally {
    // Of a stream that failed this fails as well.
    await reader.cancel().catch(() => undefined);
  }
}
