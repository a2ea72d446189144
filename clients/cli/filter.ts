/** The options by which `veneer watch` says which events it wants. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { fromHex, type Hex, toHex } from '../../protocol/address.ts';
import { EVENT_SCHEMAS, type EventType } from '../../protocol/events/index.ts';
import type { Filter } from '../../protocol/filter.ts';

interface Range {
  readonly from: Hex;
  readonly to: Hex;
}

export interface FilterOptions {
  readonly kind?: readonly EventType[];
  readonly module?: readonly string[];
  readonly key?: readonly string[];
  readonly address?: readonly Range[];
}

const TYPES = Object.keys(EVENT_SCHEMAS) as EventType[];

export function addFilterOptions(command: Command): Command {
  return command
    .addOption(new Option('--kind <type...>', 'only events of these types, StaticCallPatched say').choices(TYPES))
    .option('--module <name...>', 'only events of these modules')
    .option('--key <name...>', 'only events of these static-call keys')
    .addOption(
      new Option('--address <range...>', 'only what happens at ADDRESS, or in FROM-TO').argParser(
        (text, before: FilterOptions['address'] = []) => [...before, range(text)],
      ),
    );
}

export function filterOf({ kind, module, key, address }: FilterOptions): Filter | undefined {
  const filter: Filter = {
    ...(kind && { kinds: [...kind] }),
    ...(module && { modules: [...module] }),
    ...(key && { keys: [...key] }),
    ...(address && { addresses: [...address] }),
  };
  return Object.keys(filter).length === 0 ? undefined : filter;
}

function range(text: string): Range {
  const [first = '', last] = text.split('-', 2);
  const from = fromHex(first);
  const to = last === undefined ? from + 1 : fromHex(last);
  if (Number.isNaN(from) || Number.isNaN(to) || to <= from) {
    throw new InvalidArgumentError('Expected a kernel address, or FROM-TO with the first address after it.');
  }
  return { from: toHex(from), to: toHex(to) };
}
