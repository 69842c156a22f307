// Measurements of the page itself: rates, intervals and medians over the last moments.

const WINDOW_S = 5; // the window over which the server measures its rates too
const INTERVALS = 5; // the typical interval is the median of this many

const now_s = () => performance.now() / 1000;

/** Arrivals of one kind (frames, detections): their rate, their typical interval, and the time since the last one. */
export class Arrivals {
  #times = [];
  #firstAt = null;
  #lastAt = null;
  #waitingSince = now_s();
  #intervals = [];

  add() {
    const now = now_s();
    if (this.#firstAt === null) this.#firstAt = now; // where the first interval begins: counting it would add one
    else this.#times.push(now);
    if (this.#lastAt !== null) this.#intervals = [...this.#intervals, now - this.#lastAt].slice(-INTERVALS);
    this.#lastAt = this.#waitingSince = now;
    this.#discardOld(now);
  }

  /** Starts again, after a new connection. The typical interval is kept: it is a property of the source. */
  reset() {
    this.#times = [];
    this.#firstAt = this.#lastAt = null;
    this.#waitingSince = now_s();
  }

  /** Arrivals per second over the last five seconds, or since the first one. Null in the first second. */
  perSecond() {
    const now = now_s();
    this.#discardOld(now);
    const span = Math.min(WINDOW_S, now - (this.#firstAt ?? now));
    return span < 1 ? null : this.#times.length / span;
  }

  /** Seconds between two arrivals; 0 before two have arrived. */
  typicalInterval() {
    return median(this.#intervals) ?? 0;
  }

  /** Seconds since the last arrival, or since reset() where there was none. */
  silence() {
    return now_s() - this.#waitingSince;
  }

  #discardOld(now) {
    while (this.#times.length && this.#times[0] < now - WINDOW_S) this.#times.shift();
  }
}

/** The median of the last `size` values. */
export class RecentMedian {
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

  /** Null without values. */
  value() {
    return median(this.#values);
  }
}

/** Whether an age in seconds can be true: one below zero or of days comes from clocks that differ. */
export const isPlausible = (age) => age >= 0 && age < 86_400;

/** The middle value; null of an empty list. */
export function median(values) {
  if (!values.length) return null;
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
