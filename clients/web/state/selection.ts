/** What is chosen: shown in the inspector, lit everywhere, kept in the link. */

export type Selection =
  | { readonly kind: 'address'; readonly address: number }
  | { readonly kind: 'module'; readonly name: string }
  | { readonly kind: 'section'; readonly module: string; readonly section: string }
  | { readonly kind: 'key'; readonly name: string }
  /** `id` as PatchEvent has it. */
  | { readonly kind: 'patch'; readonly id: string };
