/** An instruction's bit fields: the word to scale, and each field with what it means. */
import type { Encoding, Field } from '../asm/encoding.ts';

export function Bits({ encoding }: { readonly encoding: Encoding }) {
  const { name, source, fields } = encoding;
  return (
    <div class="bits">
      <div class="bits-word" aria-hidden="true">
        {fields.map((field) => (
          <span key={idOf(field)} style={{ flexGrow: width(field) }} title={field.name}>
            {digits(field)}
          </span>
        ))}
      </div>
      <table>
        <caption>
          {name} <span class="dim">{source}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">field</th>
            <th scope="col">bits</th>
            <th scope="col">value</th>
            <th scope="col">means</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={idOf(field)}>
              <th scope="row">{field.name}</th>
              <td class="number">{place(field)}</td>
              <td class="number">0x{field.value.toString(16)}</td>
              <td>{field.meaning}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const idOf = ({ byte, hi }: Field): string => `${byte}.${hi}`;
const width = ({ hi, lo }: Field): number => hi - lo + 1;
const digits = (field: Field): string => field.value.toString(2).padStart(width(field), '0');

/** `[25:0]` of a word; of bytes also which. */
function place({ byte, bytes, hi, lo }: Field): string {
  const bits = hi === lo ? `[${hi}]` : `[${hi}:${lo}]`;
  return bytes === 4 && byte === 0 ? bits : `${byte}${bytes > 1 ? `–${byte + bytes - 1}` : ''} ${bits}`;
}
