/** Registers by the number that ModRM and SIB give them. Source: Intel SDM volume 2, table 2-2. */
export const NAMES32 = 'eax ecx edx ebx esp ebp esi edi'.split(' ');
