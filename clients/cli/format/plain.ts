/** Text from outside (module names, section names, file names, a daemon's words) made safe for a terminal. */

/** Control and format characters, and line and paragraph separators: whatever could move the cursor or turn the text around. */
const UNSAFE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** `text` with every such character as a visible escape. */
export function plain(text: string): string {
  return text.replace(UNSAFE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
