/**
 * Whether the network under a socket still carries anything. A daemon pings, but no browser tells of it, and a network that
 * went away says nothing at all: so what was heard last counts, and where nothing was, the daemon is asked for a beat.
 */
export interface Pulse {
  /** Something came. */
  heard(): void;
  stop(): void;
}

/** Looks in a row at which nothing had come since the one before: the last time nobody asks any more. */
const LOOKS = 3;

/** Looks every `silenceMs` milliseconds; `beat` asks for a sign of life, `dead` is called once when there was none. */
export function openPulse(silenceMs: number, beat: () => void, dead: () => void): Pulse {
  let silent = 0;
  const timer = setInterval(() => {
    silent++;
    if (silent < LOOKS) beat();
    else {
      clearInterval(timer);
      dead();
    }
  }, silenceMs);
  return {
    heard() {
      silent = 0;
    },
    stop: () => clearInterval(timer),
  };
}
