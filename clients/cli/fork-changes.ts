/** The changes of a fork from what people write on a command line. */
import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import { fromHex, type Hex, toHex } from '../../protocol/address.ts';
import type { AddedLoad, ForkChanges, ProfileChanges } from '../../protocol/fork.ts';
import type { Flavour, Layout, MachineProfile } from '../../protocol/profile.ts';
import { fileFailure, usage } from './failure.ts';

export interface ChangeOptions {
  readonly flavour?: Flavour;
  readonly layout?: Layout;
  readonly pageSize?: string;
  readonly errata?: readonly string[];
  readonly kaslr?: number | 'none';
  readonly direct?: Window;
  readonly fallback?: Window;
  readonly defaultWindows?: true;
  readonly reserved?: [Hex, Hex][] | 'default';
  readonly addKey?: readonly string[];
  readonly dropKey?: readonly string[];
  readonly profile?: string;
  readonly without?: readonly string[];
}

type Window = { readonly start: Hex; readonly end: Hex } | 'none';

/** A module file to add, and where. */
export interface AddedFile extends Omit<AddedLoad, 'blob'> {
  readonly path: string;
}

/** All but the modules that are added: their files have to be uploaded first. */
export async function changesOf(options: ChangeOptions): Promise<ForkChanges> {
  const { kaslr, addKey, dropKey, without } = options;
  const profile = await profileOf(options);
  return {
    ...(Object.keys(profile).length > 0 && { profile }),
    ...(kaslr !== undefined && { kaslrSeed: kaslr === 'none' ? null : kaslr }),
    ...((addKey || dropKey) && {
      staticCalls: { ...(addKey && { with: [...addKey] }), ...(dropKey && { without: [...dropKey] }) },
    }),
    ...(without && { without: [...without] }),
  };
}

async function profileOf(options: ChangeOptions): Promise<ProfileChanges> {
  const { flavour, layout, pageSize, errata, direct, fallback, defaultWindows, reserved } = options;
  const given = options.profile === undefined ? {} : await readProfile(options.profile);
  const windows = direct !== undefined || fallback !== undefined;
  if (windows && defaultWindows) throw usage('--default-windows excludes --direct and --fallback');
  return {
    ...given,
    ...(flavour && { staticCall: flavour }),
    ...(layout && { layout }),
    ...(pageSize && { pageSize: Number(pageSize) as MachineProfile['pageSize'] }),
    ...(errata && { errata: [...errata] }),
    ...(defaultWindows && { moduleRegion: null }),
    ...(windows && { moduleRegion: { ...windowOf('direct', direct), ...windowOf('fallback', fallback) } }),
    ...(reserved !== undefined && { reserved: reserved === 'default' ? null : reserved }),
  };
}

function windowOf(name: 'direct' | 'fallback', window: Window | undefined): ProfileChanges['moduleRegion'] & object {
  return window === undefined ? {} : { [name]: window === 'none' ? null : window };
}

async function readProfile(file: string): Promise<ProfileChanges> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fileFailure(file, error);
  });
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as ProfileChanges;
  } catch (error) {
    throw usage(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw usage(`${file}: expected a JSON object, the fields of a machine profile that change`);
}

export function kaslrOption(text: string): number | 'none' {
  if (text === 'none') return text;
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(seed <= 0xffffffff)) throw new InvalidArgumentError('Expected a seed from 0 to 4294967295, or none.');
  return seed;
}

export function windowOption(text: string): Window {
  if (text === 'none') return text;
  const [start, end] = rangeOf(text);
  return { start, end };
}

export function reservedOption(text: string): [Hex, Hex][] | 'default' {
  if (text === 'default') return text;
  return text === 'none' ? [] : text.split(',').map(rangeOf);
}

export function errataOption(text: string): readonly string[] {
  return text === 'none' ? [] : text.split(',').map((erratum) => erratum.trim());
}

function rangeOf(text: string): [Hex, Hex] {
  const [start, end, ...more] = text.trim().split('-');
  const range = [fromHex(start ?? ''), fromHex(end ?? '')] as const;
  if (more.length > 0 || range.some(Number.isNaN)) {
    throw new InvalidArgumentError('Expected START-END, 0xffff800000000000-0xffff800008000000 say.');
  }
  return [toHex(range[0]), toHex(range[1])];
}

/** `xfs.ko`, `xfs.ko@after=100`, `xfs.ko@before=nls_utf8`; given several times. */
export function addedOption(text: string, all: readonly AddedFile[] = []): readonly AddedFile[] {
  const [, path = text, where, what = ''] = /^(.+)@(after|before)=([^@=]+)$/.exec(text) ?? [];
  if (where === 'before') return [...all, { path, before: what }];
  if (where === undefined) return [...all, { path }];
  if (!/^[1-9]\d{0,14}$/.test(what)) throw new InvalidArgumentError('After @after= expected the number of a commit.');
  return [...all, { path, after: Number(what) }];
}
