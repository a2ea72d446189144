/** The parts of a module's memory, for those who do without schemas. */

/** linux-6.1 has two allocations a module, linux-6.4 and later one for each memory type. */
export const PARTS = [
  'core',
  'init',
  'text',
  'data',
  'rodata',
  'ro_after_init',
  'init_text',
  'init_data',
  'init_rodata',
] as const;
