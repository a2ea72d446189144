/**
 * A large JSON value as lines of JSON, and back, with breaths for others in between: what takes long in one go would hold
 * up everybody. The first line is the value without the elements of its lists, and of the lists in its members; each line
 * after it adds elements to one of them: [path, elements].
 */
import { setImmediate as breath } from 'node:timers/promises';

/** Bytes of text, about, in a line that holds more than one element. */
const LINE_BYTES = 64 << 10;
/** Bytes of text between two breaths: a few milliseconds' work. */
const BREATH_BYTES = 256 << 10;

type Lists = Record<string, unknown>;

/** `value` must not change before this is done. */
export async function toLines(value: object): Promise<Buffer> {
  const lines: Buffer[] = [];
  let sinceBreath = 0;
  const put = async (line: string): Promise<void> => {
    lines.push(Buffer.from(`${line}\n`));
    sinceBreath += line.length;
    if (sinceBreath < BREATH_BYTES) return;
    sinceBreath = 0;
    await breath();
  };
  const lists: { readonly path: readonly string[]; readonly elements: readonly unknown[] }[] = [];
  const hollow = (object: object, path: readonly string[]): Lists => {
    const entries = Object.entries(object).map(([key, member]): [string, unknown] => {
      if (Array.isArray(member)) {
        lists.push({ path: [...path, key], elements: member });
        return [key, []];
      }
      const inner = path.length === 0 && typeof member === 'object' && member !== null;
      return [key, inner ? hollow(member, [key]) : member];
    });
    return Object.fromEntries(entries);
  };
  await put(JSON.stringify(hollow(value, [])));
  for (const { path, elements } of lists) {
    const head = `[${JSON.stringify(path)},[`;
    let texts: string[] = [];
    let length = 0;
    for (const element of elements) {
      const text = JSON.stringify(element);
      texts.push(text);
      length += text.length;
      if (length < LINE_BYTES) continue;
      await put(`${head}${texts.join()}]]`);
      texts = [];
      length = 0;
    }
    if (texts.length > 0) await put(`${head}${texts.join()}]]`);
  }
  return Buffer.concat(lines);
}

/** Throws what JSON.parse throws, and a RangeError where a line has no list to add to. */
export async function fromLines(lines: Buffer): Promise<unknown> {
  let value: unknown;
  let sinceBreath = 0;
  for (let start = 0, end = 0; start < lines.length; start = end + 1) {
    end = lines.indexOf(0x0a, start);
    if (end < 0) end = lines.length;
    const line: unknown = JSON.parse(lines.toString('utf8', start, end));
    if (start === 0) value = line;
    else add(value, line);
    sinceBreath += end - start;
    if (sinceBreath < BREATH_BYTES) continue;
    sinceBreath = 0;
    await breath();
  }
  return value;
}

function add(value: unknown, line: unknown): void {
  const [path, elements]: readonly unknown[] = Array.isArray(line) ? line : [];
  let list = value;
  for (const key of Array.isArray(path) ? path : []) {
    list = typeof list === 'object' && list !== null && Object.hasOwn(list, key) ? (list as Lists)[key] : undefined;
  }
  if (!Array.isArray(list) || !Array.isArray(elements)) throw new RangeError('a line that adds to no list');
  for (const element of elements) list.push(element);
}
