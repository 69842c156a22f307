// The intervals between the frames of one stream as they arrive, and the statistics of its smoothness.

const WINDOW_S = 10; // for the statistics: 150 intervals at 15 FPS, enough for a p99
export const KEPT_S = 30; // for the chart
const LATE = 1.5; // of the interval that is due: half a frame too late, which is visible

const now_s = () => performance.now() / 1000;

export class Intervals {
  points = []; // { at, ms, late }: the time of a frame in seconds of this page, and the interval before it
  due_ms = null;
  #last_s = null;

  /** A frame arrived. */
  add() {
    const at = now_s();
    if (this.#last_s !== null) {
      const ms = 1000 * (at - this.#last_s);
      this.points.push({ at, ms, late: this.due_ms !== null && ms > LATE * this.due_ms });
    }
    this.#last_s = at;
  }

  /** A new connection: the time without one is not an interval. */
  restart() {
    this.#last_s = null;
  }

  /** p99 and standard deviation in ms, and the number of late frames, over ten seconds; null below two intervals. */
  statistics() {
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
