// The view of one implementation: its video as its viewers get it, and the figures below.

import { fixed, setText } from "../shared/format.js";
import { isPlausible, RecentMedian } from "../shared/measurements.js";
import { timeOf } from "../shared/processing_time.js";
import { totals } from "../shared/processes.js";
import { Viewer } from "../viewer/viewer.js";
import { Intervals } from "./intervals.js";

const RECENT = 15; // times of processing are shown as the median of this many

export class ImplementationView {
  intervals = new Intervals();
  #root;
  #viewer;
  #camera = null; // the name of the one to show, null for the first
  #time = "inference"; // or "processing"
  #times = new RecentMedian(RECENT);
  #totals = {};
  #isNewConnection = true;

  /**
   * Shows the stream at `address` in the element `root`. Handlers: onHello(hello, cameras, isFirst), where isFirst is true
   * for the first one of a connection; onCamera(camera) when one is shown; onStats(stats).
   */
  constructor(root, address, label, { onHello, onCamera, onStats }) {
    this.#root = root;
    this.#viewer = new Viewer(root.querySelector(".viewer"), address, label, {
      onState: () => this.#restart(),
      onFrame: () => this.intervals.add(),
      onHello: (hello, cameras) => {
        this.#showTimeOf(hello.processors ?? []);
        onHello(hello, cameras, this.#isNewConnection);
        this.#isNewConnection = false;
        this.#viewer.select(this.#camera);
      },
      onCamera: (camera, rates) => {
        this.intervals.due_ms = 1000 / rates.ui_fps;
        this.intervals.restart();
        onCamera(camera);
      },
      onDetections: (message) => this.#times.add(message[`${this.#time}_ms`]),
      onStats: (stats) => {
        this.#totals = totals(stats.roles);
        onStats(stats);
      },
    });
  }

  /** Opens the stream if `wanted`, else closes it. */
  play(wanted) {
    this.#viewer.play(wanted);
  }

  /** Shows another camera, once the server has named its cameras. */
  select(camera) {
    this.#camera = camera;
    if (this.#viewer.camera !== null) this.#viewer.select(camera);
  }

  set(name, value) {
    this.#viewer.set(name, value);
  }

  /** Shows the present figures. */
  refresh() {
    const { received, detected, frameAge } = this.#viewer.view;
    const statistics = this.intervals.statistics(); // also discards what the chart no longer shows
    const smoothness = this.#viewer.state === "open" ? statistics : null;
    const age_s = frameAge.value();
    const figures = {
      "ui-fps": fixed(received.perSecond(), 1),
      "jitter-ms": fixed(smoothness?.p99_ms, 0),
      "deviation-ms": fixed(smoothness?.deviation_ms, 1),
      late: fixed(smoothness?.late, 0),
      "frame-age-ms": fixed(age_s !== null && isPlausible(age_s) ? 1000 * age_s : null, 0),
      "result-fps": fixed(detected.perSecond(), 1),
      "time-ms": fixed(this.#times.value(), 0),
      "gil-ms": fixed(this.#totals.gil_delay_ms, 1),
      cpu: fixed(this.#totals.cpu_percent, 0),
      memory: fixed(this.#totals.memory_mb, 0),
    };
    for (const [name, text] of Object.entries(figures)) setText(this.#root.querySelector(`.${name}`), text);
    this.#root.classList.toggle("stutters", smoothness?.late > 0);
    this.#viewer.refresh();
  }

  /** Names the time that is shown: code of one's own has no inference. */
  #showTimeOf(processors) {
    const time = timeOf(processors);
    if (time !== this.#time) this.#times.reset();
    this.#time = time;
    setText(this.#root.querySelector(".time-name"), time);
  }

  #restart() {
    this.#isNewConnection = true;
    this.#totals = {};
    this.#times.reset();
    this.intervals.restart();
  }
}
