// Measuring: rates and medians over the last moments, as the page itself sees them.

const WINDOW_S = 5; // the span over which the server measures its rates too

const now_s = () => performance.now() / 1000;

/** Events per second over the last five seconds, or since the first event where that is shorter. */
export class Rate {
  #times = [];
  #since = null;

  count() {
    const now = now_s();
    if (this.#since === null) this.#since = now; // where the first interval begins: counting it would add one
    else this.#times.push(now);
    this.#forget(now);
  }

  reset() {
    this.#times = [];
    this.#since = null;
  }

  /** Null until a second was measured: less says nothing. */
  perSecond() {
    const now = now_s();
    this.#forget(now);
    const span = Math.min(WINDOW_S, now - (this.#since ?? now));
    return span < 1 ? null : this.#times.length / span;
  }

  #forget(now) {
    while (this.#times.length && this.#times[0] < now - WINDOW_S) this.#times.shift();
  }
}

/** The last `size` values, to say their median. */
export class Recent {
  #values = [];
  #size;

  constructor(size) {
    this.#size = size;
  }

  add(value) {
    this.#values.push(value);
    if (this.#values.length > this.#size) this.#values.shift();
  }

  reset() {
    this.#values = [];
  }

  median() {
    return median(this.#values);
  }
}

/** An age in seconds by this device's clock: a negative one, or one of days, is a clock that is wrong. */
export const isPlausible = (age) => age >= 0 && age < 86_400;

/** The middle value, or null of nothing. */
export function median(values) {
  if (!values.length) return null;
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
