/** Module names as kmod sees them: `-` and `_` are one, and the file says the name up to `.ko`. */
import { basename } from 'node:path';

const SUFFIX = /\.ko(\.gz|\.xz|\.zst)?$/;

export const isModuleFile = (file: string): boolean => SUFFIX.test(file);

/** `/lib/modules/6.1/kernel/fs/nls/nls-ascii.ko.xz` -> `nls_ascii` */
export const moduleNameOf = (file: string): string => sameName(basename(file).replace(SUFFIX, ''));

/** The one spelling under which names that kmod takes for equal are equal. */
export const sameName = (name: string): string => name.replaceAll('-', '_');
