/** Bearer tokens and the roles that they give. What a client shows is compared in constant time, by its hash. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isRole, ROLES, type Role } from './roles.ts';

export interface Tokens {
  /** The role of `token`; undefined for one that is not known. */
  roleOf(token: string): Role | undefined;
}

export interface TokenEntry {
  readonly role: Role;
  readonly token: string;
}

/** What can stand in a header, and can't be guessed. */
const TOKEN = /^[\x21-\x7e]{16,256}$/;
const PRINTABLE = '16 to 256 printable characters';

/** 192 random bits. */
export const newToken = (): string => randomBytes(24).toString('base64url');

export function openTokens(entries: readonly TokenEntry[]): Tokens {
  const known = entries.map(({ role, token }) => ({ role, hash: hashOf(token) }));
  return {
    roleOf(token) {
      const hash = hashOf(token);
      let role: Role | undefined;
      // All of them, always: the time says nothing about which one it was.
      for (const entry of known) if (timingSafeEqual(entry.hash, hash)) role = entry.role;
      return role;
    },
  };
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/**
 * Reads an admin's token that stands alone, without a role and a line.
 * @throws RangeError that never holds the token.
 */
export function parseAdminToken(text: string): TokenEntry {
  const token = text.trim();
  if (!TOKEN.test(token)) throw new RangeError(`expected ${PRINTABLE} without spaces`);
  return { role: 'admin', token };
}

/**
 * Reads a token file: one `ROLE TOKEN` a line; empty lines and those that begin with # say nothing.
 * @throws RangeError that names the line, never the token.
 */
export function parseTokens(text: string): readonly TokenEntry[] {
  const entries: TokenEntry[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    const [role = '', token = '', ...more] = line.trim().split(/\s+/);
    if (role === '' || role.startsWith('#')) continue;
    if (!isRole(role)) throw new RangeError(`line ${i + 1}: expected ${ROLES.join(', ')} and a token`);
    if (!TOKEN.test(token) || more.length > 0) {
      throw new RangeError(`line ${i + 1}: expected one token of ${PRINTABLE} after ${role}`);
    }
    entries.push({ role, token });
  }
  if (entries.length === 0) throw new RangeError('expected at least one line `ROLE TOKEN`');
  return entries;
}
