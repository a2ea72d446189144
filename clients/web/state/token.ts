/** The daemon's token, if it wants one: kept for this tab only, and never in an address. */
const KEY = 'veneerd-token';

export const token: string | undefined = sessionStorage.getItem(KEY) ?? undefined;

/** The page starts anew with it: every connection needs it. */
export function keepToken(text: string): void {
  sessionStorage.setItem(KEY, text);
  location.reload();
}
