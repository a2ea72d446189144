/** What a module imports and exports: the picture does without these lists, so the daemon is asked when a module is looked at. */
import { useState } from 'preact/hooks';
import { fromHex } from '../../../protocol/address.ts';
import { count } from '../../../protocol/count.ts';
import type { ModuleJson } from '../../../protocol/view/json.ts';
import { Address } from '../ui/address.tsx';
import { VirtualList } from '../ui/virtual-list.tsx';
import { Part } from './facts.tsx';
import { OwnerLink } from './links.tsx';
import { useAskedAt } from './position.ts';
import { useQuestion } from './question.ts';
import { Refused } from './refused.tsx';

const ROW = 24;
const ROWS = 9;

interface SymbolRow {
  readonly name: string;
  readonly address: string;
  /** Who exports what is imported; of an export, what is special about it. */
  readonly owner: string | null;
  readonly note: string;
}

export function Symbols({ module: { name, since, state } }: { readonly module: ModuleJson }) {
  const asked = useAskedAt();
  const [search, setSearch] = useState('');
  // They stay what they are as long as the module is loaded; a module that is COMING may not have them yet.
  const key = asked && `${asked.machine.name} ${asked.epoch} module ${name} ${since} ${state}`;
  const { answer, error, stale } = useQuestion(key, async () => {
    if (asked === null) throw new TypeError('there is no position');
    return (await asked.machine.module(name, { at: asked.at })).module;
  });
  const wanted = search.trim().toLowerCase();
  const found = (rows: readonly SymbolRow[]): readonly SymbolRow[] =>
    wanted === '' ? rows : rows.filter((row) => row.name.toLowerCase().includes(wanted));
  const imports = answer?.name === name ? importsOf(answer) : [];
  const exports = answer?.name === name ? exportsOf(answer) : [];
  return (
    <Part title="Symbols" stale={stale}>
      {error !== undefined && <Refused error={error} />}
      <label class="search">
        <span class="sr-only">Search imports and exports</span>
        <input
          type="search"
          placeholder="Search imports and exports"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      </label>
      <List title="imports" all={imports.length} rows={found(imports)} />
      <List title="exports" all={exports.length} rows={found(exports)} />
    </Part>
  );
}

const importsOf = ({ imports }: ModuleJson): readonly SymbolRow[] =>
  imports.map(({ name, address, owner }) => ({
    name,
    address,
    owner,
    note: owner === null ? 'weak, nobody has it' : '',
  }));

const exportsOf = ({ exports }: ModuleJson): readonly SymbolRow[] =>
  exports.map(({ name, address, gplOnly, namespace }) => ({
    name,
    address,
    owner: null,
    note: [gplOnly ? 'GPL' : '', namespace ?? ''].filter(Boolean).join(' '),
  }));

interface ListProps {
  readonly title: string;
  readonly all: number;
  readonly rows: readonly SymbolRow[];
}

function List({ title, all, rows }: ListProps) {
  const counts = rows.length === all ? count(all) : `${rows.length} of ${count(all)}`;
  return (
    <div class="symbols">
      <h4>
        {title} <span class="number">{counts}</span>
      </h4>
      {rows.length > 0 && (
        <div class="bounded" style={{ height: `${Math.min(ROWS, rows.length) * ROW}px` }}>
          <VirtualList
            count={rows.length}
            rowHeight={ROW}
            label={title}
            row={(index) => {
              const row = rows[index];
              if (row === undefined) return null;
              return (
                <div class="symbol-row">
                  <span class="mono symbol" title={row.name}>
                    {row.name}
                  </span>
                  <Address address={fromHex(row.address)} />
                  {row.owner !== null && <OwnerLink name={row.owner} />}
                  {row.note !== '' && <span class="dim">{row.note}</span>}
                </div>
              );
            }}
          />
        </div>
      )}
    </div>
  );
}
