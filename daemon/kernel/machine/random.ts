/**
 * The machine's own randomness: splitmix32, so that a seed gives the same machine everywhere and for ever. The state
 * grows by the golden ratio's 2^32 fraction; two xor-shift-multiply rounds mix it into the output.
 */

/** A source of uniform integers in [0, bound); `bound` is at most 2^32. */
export type Random = (bound: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x9e3779b9) >>> 0;
    return Math.floor((mix(state) / 2 ** 32) * bound);
  };
}

/** Spreads 32 bits over 32 bits, one to one. */
export function mix(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}
