/** Wakes those who wait for news of a machine. A ring between two waits is not lost; rings carry nothing. */
export class Bell {
  private readonly listeners = new Map<string, Set<Listener>>();

  ring(machine: string): void {
    for (const listener of this.listeners.get(machine) ?? []) listener.ring();
  }

  ringAll(): void {
    for (const machine of this.listeners.keys()) this.ring(machine);
  }

  listen(machine: string, onClose?: () => void): Listener {
    const set = this.listeners.get(machine) ?? new Set();
    this.listeners.set(machine, set);
    const listener = new Listener(() => {
      if (!set.delete(listener)) return;
      onClose?.();
      if (set.size === 0 && this.listeners.get(machine) === set) this.listeners.delete(machine);
    });
    set.add(listener);
    return listener;
  }
}

export class Listener {
  readonly close: () => void;
  private rung = false;
  private wake: (() => void) | undefined;

  constructor(close: () => void) {
    this.close = close;
  }

  readonly ring = (): void => {
    this.rung = true;
    this.wake?.();
  };

  /** Resolves at the next ring, or at once if there was one since the last wait. One caller at a time. */
  async wait(): Promise<void> {
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = undefined;
    }
    this.rung = false;
  }
}
