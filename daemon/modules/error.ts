/** What can be wrong with a file that should hold a module, before anybody looks at the module itself. */

export type ModuleFileCode =
  | 'not-a-module'
  | 'absent'
  | 'too-large'
  | 'truncated'
  | 'corrupt'
  | 'trailing-bytes'
  | 'unsupported';

/** Names the file, and says what was met and what was expected. */
export class ModuleFileError extends Error {
  readonly code: ModuleFileCode;
  readonly file: string;

  constructor(code: ModuleFileCode, file: string, message: string) {
    super(`${file}: ${message}`);
    this.name = 'ModuleFileError';
    this.code = code;
    this.file = file;
  }
}
