// Runs in a page before anything of its own does, and writes down: when each frame began and which commit stood on the page
// then, scenes that came from workers, wishes for another position that went to them, long tasks, first paint.
(() => {
  const record = { origin: performance.timeOrigin, frames: [], shown: [], scenes: [], wishes: [], longTasks: [] };
  let place = null;
  let lastWish = -1;

  const shown = () => {
    if (!place?.isConnected) place = document.querySelector('[data-testid="position"]');
    const found = /commit ([\d,]+)/.exec(place?.textContent ?? '');
    return found === null ? -1 : Number(found[1].replaceAll(',', ''));
  };
  /** Those who wait for something to be there. */
  const waiting = new Set();
  const frame = (now) => {
    record.frames.push(now);
    record.shown.push(shown());
    for (const look of waiting) look(now);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);

  const Native = globalThis.Worker;
  globalThis.Worker = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (data.type === 'scene') record.scenes.push(performance.now());
      });
    }
    postMessage(message, ...rest) {
      if (message.type === 'go-to') lastWish = message.at;
      if (message.type === 'go-to' || message.type === 'step') {
        record.wishes.push([performance.now(), message.at ?? message.commits]);
      }
      super.postMessage(message, ...rest);
    }
  };

  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) record.longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });

  const until = (isThere) =>
    new Promise((resolve) => {
      const look = (now) => {
        if (!isThere()) return;
        waiting.delete(look);
        resolve(now);
      };
      waiting.add(look);
    });

  globalThis.bench = {
    /** Milliseconds when a frame begins before which this commit stood on the page; undefined: any but the empty machine. */
    reached: (commit) => until(() => (commit === undefined ? shown() > 0 : shown() === commit)),
    /** The commit that was wished for last, when it stands there. */
    settled: () => until(() => shown() === lastWish).then(() => lastWish),
    there: (selector) => until(() => document.querySelector(selector) !== null),
    painted: () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    /** What was written down since the last call. */
    take() {
      const taken = structuredClone(record);
      for (const list of Object.values(record)) if (Array.isArray(list)) list.length = 0;
      return taken;
    },
  };
})();
