// The intervals between the frames of one stream as they arrive, and what they say of its smoothness.

const WINDOW_S = 10; // for the numbers: 150 intervals at 15 FPS, so that one of a hundred means something
export const KEPT_S = 30; // for the chart
const LATE = 1.5; // of the interval that is due: more than half a frame too late, which the eye sees

const now_s = () => performance.now() / 1000;

export class Intervals {
  points = []; // { at, ms, late }: when, in seconds of this page, a frame came, and how long after the one before
  due_ms = null;
  #last_s = null;

  count() {
    const at = now_s();
    if (this.#last_s !== null) {
      const ms = 1000 * (at - this.#last_s);
      this.points.push({ at, ms, late: this.due_ms !== null && ms > LATE * this.due_ms });
    }
    this.#last_s = at;
  }

  /** A new connection: the time without one is no interval. */
  restart() {
    this.#last_s = null;
  }

  /** p99 and standard deviation in ms, and how many were late; of the last ten seconds. Null until there are some. */
  figures() {
    const now = now_s();
    while (this.points.length && this.points[0].at < now - KEPT_S) this.points.shift();
    const recent = this.points.filter(({ at }) => at >= now - WINDOW_S);
    if (recent.length < 2) return null;
    const ordered = recent.map(({ ms }) => ms).sort((a, b) => a - b);
    const mean = ordered.reduce((sum, ms) => sum + ms, 0) / ordered.length;
    const variance = ordered.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / ordered.length;
    return {
      p99_ms: ordered[Math.round(0.99 * (ordered.length - 1))],
      deviation_ms: Math.sqrt(variance),
      late: recent.filter(({ late }) => late).length,
    };
  }
}
