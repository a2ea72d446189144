/** The facts of a place: what it is, whose, how far its call has to go. */
import { toHex } from '../../../protocol/address.ts';
import { counted } from '../../../protocol/count.ts';
import type { WhyAnswer } from '../../../protocol/inspect.ts';
import type { Arch } from '../asm/types.ts';
import type { Spot, SpotSite, SpotVeneer } from '../model/queries/spot.ts';
import { Address } from '../ui/address.tsx';
import { ClassMark } from '../ui/class-mark.tsx';
import { Reach } from '../ui/reach.tsx';
import { Size } from '../ui/size.tsx';
import { CopyButton, Fact, Facts } from './facts.tsx';
import { KeyLink, Link, OwnerLink } from './links.tsx';
import { Named } from './named.tsx';
import { Subject } from './subject.tsx';
import { SPOT_TITLES, SPOT_WORDS } from './words.ts';

export interface SpotFactsProps {
  readonly arch: Arch;
  readonly address: number;
  readonly spot: Spot;
  readonly why: WhyAnswer | undefined;
}

export function SpotFacts({ arch, address, spot, why }: SpotFactsProps) {
  const { kind, start, owner, window, section, key, site, slot, veneer } = spot;
  const symbol = why?.place.symbol ?? null;
  const hex = toHex(address);
  return (
    <Subject
      kind={SPOT_TITLES[kind]}
      words={SPOT_WORDS[kind]}
      name={
        <>
          <Address address={address} click="copy" />
          <CopyButton text={hex} what={`the address ${hex}`} />
          <span class="symbol" title={symbol ?? undefined}>
            {symbol}
          </span>
        </>
      }
    >
      <Facts>
        {start !== address && (
          <Fact name="begins" wide>
            <Address address={start} />
          </Fact>
        )}
        {owner !== null && (
          <Fact name="owner">
            <OwnerLink name={owner} />
          </Fact>
        )}
        {section !== null && owner !== null && (
          <Fact name="section">
            <Link to={{ kind: 'section', module: owner, section: section.name }}>{section.name}</Link>
            <span class="number">+0x{section.offset.toString(16)}</span>
          </Fact>
        )}
        {window !== null && <Fact name="window">{window}</Fact>}
        {slot !== null && (
          <Fact name="slot">
            <span class="number">{slot}</span>
          </Fact>
        )}
        {(key ?? site?.key) !== undefined && (key ?? site?.key) !== null && (
          <Fact name="key">
            <KeyLink name={key ?? site?.key ?? ''} />
          </Fact>
        )}
        {site !== null && <SiteFacts arch={arch} address={start} site={site} />}
        {kind === 'plt' && <VeneerFacts arch={arch} veneer={veneer} />}
        {why !== undefined && why.bytes !== null && (
          <Fact name="bytes" wide>
            <code class="wrap">{why.bytes}</code> <Size size={why.place.size} />
          </Fact>
        )}
      </Facts>
    </Subject>
  );
}

interface SiteFactsProps {
  readonly arch: Arch;
  readonly address: number;
  readonly site: SpotSite;
}

function SiteFacts({ arch, address, site }: SiteFactsProps) {
  const { class: kind, hops, calls, tail, init } = site;
  return (
    <>
      {calls !== null && (
        <Fact name="calls" wide>
          <Named address={calls} />
        </Fact>
      )}
      <Fact name="class" wide>
        <ClassMark name={kind} />
        {hops > 0 && <span class="dim">{counted(hops, 'branch', 'branches')}</span>}
        {calls !== null && <Reach arch={arch} distance={calls - address} />}
      </Fact>
      {(tail || init) && (
        <Fact name="flags">
          {tail && <abbr title="A jump at the end of a function: it does not come back here">TAIL</abbr>}{' '}
          {init && <abbr title="In init text: it is gone once the module is live">INIT</abbr>}
        </Fact>
      )}
    </>
  );
}

function VeneerFacts({ arch, veneer }: { readonly arch: Arch; readonly veneer: SpotVeneer | null }) {
  if (veneer === null)
    return (
      <Fact name="leads to" wide>
        nothing: it is reserved, and no branch needed it
      </Fact>
    );
  return (
    <>
      <Fact name="leads to" wide>
        <Address address={veneer.target} /> <span class="mono symbol">{veneer.symbol}</span>
      </Fact>
      <Fact name="asked by" wide>
        <Address address={veneer.site} />{' '}
        {veneer.kind === 'branch' ? (
          <Reach arch={arch} distance={veneer.distance} />
        ) : (
          'an ADRP that erratum 843419 moved'
        )}
      </Fact>
    </>
  );
}
