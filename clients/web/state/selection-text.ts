/** A selection as a link has it: `0x…`, `module:xfs`, `section:xfs:.text`, `key:might_resched`, `patch:1284.3`. */
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { Selection } from './selection.ts';

export function selectionText(selection: Selection): string {
  switch (selection.kind) {
    case 'address':
      return toHex(selection.address);
    case 'module':
      return `module:${selection.name}`;
    case 'section':
      return `section:${escaped(selection.module)}:${selection.section}`;
    case 'key':
      return `key:${selection.name}`;
    case 'patch':
      return `patch:${selection.id}`;
  }
}

/** A session can hold modules of any name: the first colon ends it. */
const escaped = (name: string): string => name.replaceAll('%', '%25').replaceAll(':', '%3A');
const plain = (text: string): string => text.replaceAll('%3A', ':').replaceAll('%25', '%');

/** Null for a text that names nothing. */
export function parseSelection(text: string): Selection | null {
  if (text.startsWith('0x')) {
    const address = fromHex(text);
    return Number.isNaN(address) ? null : { kind: 'address', address };
  }
  const [, kind, rest] = /^([a-z]+):(.+)$/s.exec(text) ?? [];
  if (rest === undefined) return null;
  switch (kind) {
    case 'module':
      return { kind, name: rest };
    case 'section': {
      const [, module, section] = /^([^:]+):(.+)$/s.exec(rest) ?? [];
      return module === undefined || section === undefined ? null : { kind, module: plain(module), section };
    }
    case 'key':
      return { kind, name: rest };
    case 'patch':
      return /^[1-9]\d*\.\d+$/.test(rest) ? { kind, id: rest } : null;
    default:
      return null;
  }
}
