/** The veneers of a module: each a PLT entry, where it leads, and how far that is for the branch that asked first. */
import { fromHex } from '../../../protocol/address.ts';
import { count } from '../../../protocol/count.ts';
import { distance } from '../../../protocol/size.ts';
import type { ModuleJson } from '../../../protocol/view/json.ts';
import { Address } from '../ui/address.tsx';
import { VirtualList } from '../ui/virtual-list.tsx';

const ROW = 24;
const ROWS = 8;

export interface VeneersProps {
  readonly veneers: ModuleJson['veneers'];
  readonly parts: ModuleJson['parts'];
}

/** Those of .init.plt go with the init memory. */
export function Veneers({ veneers, parts }: VeneersProps) {
  const initGone = parts.init === undefined && parts.init_text === undefined;
  const there = initGone ? veneers.filter(({ section }) => section === '.plt') : veneers;
  const gone = veneers.length - there.length;
  return (
    <>
      <div class="bounded" hidden={there.length === 0} style={{ height: `${Math.min(ROWS, there.length) * ROW}px` }}>
        <VirtualList
          count={there.length}
          rowHeight={ROW}
          label="Veneers"
          row={(index) => {
            const veneer = there[index];
            if (veneer === undefined) return null;
            const { address, section, slot, symbol, site } = veneer;
            return (
              <div class="veneer-row">
                <span class="number dim">
                  {section}[{slot}]
                </span>
                <Address address={fromHex(address)} />
                <span class="mono symbol" title={symbol}>
                  {symbol}
                </span>
                <span class="number" title={`${count(site.distance)} bytes from the branch at ${site.address}`}>
                  {distance(site.distance).replace('-', '−')}
                </span>
              </div>
            );
          }}
        />
      </div>
      {gone > 0 && <p class="dim">{count(gone)} more went with the init memory.</p>}
    </>
  );
}
