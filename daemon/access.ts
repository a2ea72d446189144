/** Who may reach this daemon, as its start was told: token file, token, certificate. */
import { readFileSync } from 'node:fs';
import { isLoopback } from './gateway/admit.ts';
import { newToken, parseAdminToken, parseTokens, type TokenEntry } from './gateway/auth/tokens.ts';
import type { Tls } from './gateway/http/server.ts';

export interface AccessOptions {
  readonly host: string;
  /** A file of lines `ROLE TOKEN`. */
  readonly tokenFile?: string | undefined;
  /** Of an admin. */
  readonly token?: string | undefined;
  /** PEM files. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}

export interface Access {
  readonly tokens: readonly TokenEntry[] | undefined;
  /** The admin's token that was made because nobody gave one; to be shown once. */
  readonly made: string | undefined;
  readonly tls: Tls | undefined;
}

/** @throws RangeError, or the system's error where a file can't be read. */
export function readAccess({ host, tokenFile, token, tlsCert, tlsKey }: AccessOptions): Access {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new RangeError('TLS needs both --tls-cert and --tls-key');
  }
  const tls =
    tlsCert === undefined || tlsKey === undefined
      ? undefined
      : { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') };
  const given = [
    ...(tokenFile === undefined ? [] : named(tokenFile, () => parseTokens(readFileSync(tokenFile, 'utf8')))),
    ...(token === undefined || token === '' ? [] : named('VENEERD_TOKEN', () => [parseAdminToken(token)])),
  ];
  if (given.length > 0) return { tokens: given, made: undefined, tls };
  if (isLoopback(host)) return { tokens: undefined, made: undefined, tls };
  const made = newToken();
  return { tokens: [{ role: 'admin', token: made }], made, tls };
}

function named<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new RangeError(`${what}: ${error.message}`);
    throw error;
  }
}
