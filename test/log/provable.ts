/** Texts that show whether they are whole. */
import { createHash } from 'node:crypto';

export function provable(id: string, length: number): string {
  const body = `${id} `.repeat(Math.ceil(length / (id.length + 1)));
  return `${hash(body)} ${body}`;
}

export function isWhole(id: string, text: string): boolean {
  const body = text.slice(17);
  return text.slice(0, 16) === hash(body) && body.startsWith(`${id} `);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
