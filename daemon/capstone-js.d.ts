/** It brings no types; daemon/disassembler.ts says what it uses. */
declare module '@alexaltea/capstone-js' {
  const open: unknown;
  export default open;
}
