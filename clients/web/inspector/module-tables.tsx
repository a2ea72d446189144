/** A module's parts and sections as tables. */
import { useState } from 'preact/hooks';
import { fromHex } from '../../../protocol/address.ts';
import { count } from '../../../protocol/count.ts';
import type { ModuleJson } from '../../../protocol/view/json.ts';
import { Address } from '../ui/address.tsx';
import { Size } from '../ui/size.tsx';
import { Link } from './links.tsx';

interface ModuleProps {
  readonly module: ModuleJson;
}

export function Parts({ module }: ModuleProps) {
  const parts = Object.entries(module.parts).sort(([, a], [, b]) => (a.address < b.address ? -1 : 1));
  return (
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">part</th>
          <th scope="col">address</th>
          <th scope="col">size</th>
          <th scope="col">window</th>
        </tr>
      </thead>
      <tbody>
        {parts.map(([part, { address, size, window }]) => (
          <tr key={part}>
            <th scope="row">{part}</th>
            <td>
              <Address address={fromHex(address)} />
            </td>
            <td>
              <Size size={size} />
            </td>
            <td>{window}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Section = ModuleJson['sections'][number];
type Column = 'name' | 'address' | 'size';

const COLUMNS: readonly Column[] = ['name', 'address', 'size'];
const ORDER: Readonly<Record<Column, (a: Section, b: Section) => number>> = {
  name: (a, b) => (a.name < b.name ? -1 : 1),
  address: (a, b) => (a.address < b.address ? -1 : 1),
  size: (a, b) => b.size - a.size,
};
const DIRECTION: Readonly<Record<Column, 'ascending' | 'descending'>> = {
  name: 'ascending',
  address: 'ascending',
  size: 'descending',
};

/** A file compiled with a section for each function has thousands. */
const SHOWN = 100;

export function Sections({ module }: ModuleProps) {
  const [column, setColumn] = useState<Column>('address');
  const [all, setAll] = useState(false);
  const sorted = [...module.sections].sort(ORDER[column]);
  const shown = all ? sorted : sorted.slice(0, SHOWN);
  return (
    <>
      <table class="figures">
        <thead>
          <tr>
            {COLUMNS.map((name) => (
              <th key={name} scope="col" aria-sort={name === column ? DIRECTION[name] : 'none'}>
                <button type="button" class="quiet sort" onClick={() => setColumn(name)}>
                  {name}
                  {name === column && <span aria-hidden="true">{DIRECTION[name] === 'ascending' ? ' ▴' : ' ▾'}</span>}
                </button>
              </th>
            ))}
            <th scope="col">part</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ name, address, size, part }) => (
            <tr key={`${name} ${address}`} class={module.parts[part] === undefined ? 'gone' : undefined}>
              <th scope="row">
                <Link to={{ kind: 'section', module: module.name, section: name }}>{name}</Link>
              </th>
              <td>
                <Address address={fromHex(address)} />
              </td>
              <td>
                <Size size={size} />
              </td>
              <td>{part}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > SHOWN && (
        <button type="button" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'fewer' : `all ${count(sorted.length)}`}
        </button>
      )}
    </>
  );
}
