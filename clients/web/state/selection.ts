/** What is chosen: shown in the inspector, lit everywhere, kept in the link. */

export type Selection =
  | { readonly kind: 'address'; readonly address: number }
  | { readonly kind: 'module'; readonly name: string }
  | { readonly kind: 'section'; readonly module: string; readonly section: string }
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'patch'; readonly id: PatchId };

/** `COMMIT.INDEX`, the index among the events of the commit: names a patch for ever. */
export type PatchId = string;

export const patchId = (commit: number, index: number): PatchId => `${commit}.${index}`;

export function patchPlace(id: PatchId): { readonly commit: number; readonly index: number } {
  const [commit = Number.NaN, index = Number.NaN] = id.split('.').map(Number);
  return { commit, index };
}
