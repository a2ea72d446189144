/** A section of a module. */
import { fromHex } from '../../../protocol/address.ts';
import { count, counted } from '../../../protocol/count.ts';
import type { Arch } from '../asm/types.ts';
import type { Model } from '../model/model.ts';
import { useAnswer } from '../model/use-answer.ts';
import { Address } from '../ui/address.tsx';
import { Size } from '../ui/size.tsx';
import { useWhy } from './address-view.tsx';
import { CodePart } from './code-part.tsx';
import { Fact, Facts, Part } from './facts.tsx';
import { OwnerLink } from './links.tsx';
import { Subject } from './subject.tsx';
import { Veneers } from './veneers.tsx';

export interface SectionViewProps {
  readonly model: Model;
  readonly arch: Arch;
  readonly module: string;
  readonly section: string;
}

export function SectionView({ model, arch, module: name, section: wanted }: SectionViewProps) {
  const module = useAnswer(model, 'module', name);
  if (module === undefined) return null;
  const section = module?.sections.find((one) => one.name === wanted);
  const part = section && module?.parts[section.part];
  const slots = wanted === '.plt' ? 'core' : 'init';
  const isPlt = wanted === '.plt' || wanted === '.init.plt';
  return (
    <>
      <Subject
        kind="section"
        words={section === undefined ? `At this position ${name} has no such section.` : undefined}
        name={wanted}
      >
        <Facts>
          <Fact name="module">
            <OwnerLink name={name} />
          </Fact>
          {section !== undefined && (
            <>
              <Fact name="address" wide>
                <Address address={fromHex(section.address)} />
              </Fact>
              <Fact name="size" wide>
                <Size size={section.size} /> <span class="dim number">{counted(section.size, 'byte')}</span>
              </Fact>
              <Fact name="part">
                {section.part}
                {part === undefined && <span class="dim">, which was given back after init</span>}
              </Fact>
              {part !== undefined && <Fact name="window">{part.window}</Fact>}
            </>
          )}
          {isPlt && module && (
            <Fact name="slots">
              {count(module.plt.used[slots])} of {counted(module.plt.reserved[slots], 'slot')} used
            </Fact>
          )}
        </Facts>
      </Subject>
      {isPlt && module && module.veneers.length > 0 && (
        <Part title="Veneers">
          <Veneers veneers={module.veneers.filter((veneer) => veneer.section === wanted)} parts={module.parts} />
        </Part>
      )}
      {section !== undefined && part !== undefined && isCode(wanted) && (
        <Code key={section.address} model={model} arch={arch} address={fromHex(section.address)} />
      )}
    </>
  );
}

const isCode = (name: string): boolean => /text|plt/.test(name);

function Code({ model, arch, address }: { readonly model: Model; readonly arch: Arch; readonly address: number }) {
  const spot = useAnswer(model, 'spot', address);
  const { answer } = useWhy(address);
  return spot === undefined ? null : <CodePart model={model} arch={arch} spot={spot} known={answer} />;
}
