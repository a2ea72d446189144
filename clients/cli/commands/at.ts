/** `--at N`: every question can be asked of any position of the log. */
import { Option } from 'commander';
import { integer } from '../arguments.ts';

export interface AtOption {
  readonly at?: number;
}

export const at = (): Option =>
  new Option('--at <commit>', 'as it was after this commit').argParser(integer(0, Number.MAX_SAFE_INTEGER));
