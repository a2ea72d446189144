/**
 * A map as a value: `set` and `delete` give a new version, older ones stay as they were. The newest version holds a plain
 * Map, an older one only what differs from the next: reading the newest costs what a Map costs. A decision that was
 * refused is forgotten by going on with the version before it, which puts the differences back.
 *
 * Source of the idea: H. G. Baker, "Shallow Binding Makes Functional Arrays Fast", 1991.
 */

const ABSENT = Symbol('absent');

interface Difference<K, V> {
  readonly key: K;
  readonly value: V | typeof ABSENT;
  readonly next: VersionedMap<K, V>;
}

export class VersionedMap<K, V> {
  /** Either the entries themselves, or how this version differs from another one. */
  #at: Map<K, V> | Difference<K, V>;

  /** Takes the Map over: whoever gives it must not keep it. */
  constructor(entries: Map<K, V> | Difference<K, V> = new Map()) {
    this.#at = entries;
  }

  get(key: K): V | undefined {
    return this.#entries().get(key);
  }

  has(key: K): boolean {
    return this.#entries().has(key);
  }

  get size(): number {
    return this.#entries().size;
  }

  /** In no order that anybody may rely on. Read it to the end before changing any version. */
  values(): Iterable<V> {
    return this.#entries().values();
  }

  /** As `values`. */
  entries(): Iterable<[K, V]> {
    return this.#entries().entries();
  }

  set(key: K, value: V): VersionedMap<K, V> {
    return this.#next(key, value);
  }

  delete(key: K): VersionedMap<K, V> {
    return this.has(key) ? this.#next(key, ABSENT) : this;
  }

  #next(key: K, value: V | typeof ABSENT): VersionedMap<K, V> {
    const entries = this.#entries();
    const next = new VersionedMap<K, V>(entries);
    this.#at = { key, value: exchange(entries, key, value), next };
    return next;
  }

  #entries(): Map<K, V> {
    return this.#at instanceof Map ? this.#at : this.#takeEntries();
  }

  /** Brings the Map here from the version that holds it, turning each difference on the way around. */
  #takeEntries(): Map<K, V> {
    const way: { readonly version: VersionedMap<K, V>; readonly difference: Difference<K, V> }[] = [];
    let holder: VersionedMap<K, V> = this;
    while (!(holder.#at instanceof Map)) {
      way.push({ version: holder, difference: holder.#at });
      holder = holder.#at.next;
    }
    const entries = holder.#at;
    for (const { version, difference } of way.reverse()) {
      const { key, value } = difference;
      holder.#at = { key, value: exchange(entries, key, value), next: version };
      holder = version;
    }
    this.#at = entries;
    return entries;
  }
}

/** Puts `value` at `key` and returns what was there. */
function exchange<K, V>(entries: Map<K, V>, key: K, value: V | typeof ABSENT): V | typeof ABSENT {
  const before = entries.has(key) ? (entries.get(key) as V) : ABSENT;
  if (value === ABSENT) entries.delete(key);
  else entries.set(key, value);
  return before;
}
