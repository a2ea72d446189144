/** How many instructions one answer has (protocol/inspect.ts), for those who ask and do without its schemas. */
export const INSTRUCTIONS_MAX = 256;
export const INSTRUCTIONS_DEFAULT = 16;
