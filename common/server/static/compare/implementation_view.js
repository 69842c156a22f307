// A pane: one implementation as its viewers get it, the picture with its boxes and the figures under it.

import { alerts } from "../viewer/alerts.js";
import { Intervals } from "./intervals.js";
import { isPlausible, Rate, Recent } from "../shared/measurements.js";
import { Overlay } from "../viewer/overlay.js";
import { Player } from "../viewer/player.js";
import { together } from "../shared/processes.js";
import { Stream } from "../viewer/stream.js";

const RECENT = 15; // ages are said as the median of this many: the last second, at 15 FPS
const DASH = "–";

const fixed = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : DASH);

export class Pane {
  intervals = new Intervals();
  #root;
  #video;
  #player;
  #overlay;
  #stream;
  #statuses = new Map();
  #received = new Rate();
  #detected = new Rate();
  #ages = new Recent(RECENT);
  #inferences = new Recent(RECENT);
  #load = {};
  #rates = null;
  #lastFrameAt = 0;
  #isNew = true;

  /**
   * `address` is that of the stream. Handlers: onHello(hello, isFirst), where isFirst says that it is the first of a
   * connection; onStats(stats).
   */
  constructor(root, address, handlers) {
    this.#root = root;
    this.#video = root.querySelector(".video");
    this.#overlay = new Overlay(root.querySelector(".overlay"));
    this.#player = new Player(
      this.#video,
      (frameId) => this.#stream.ack(frameId),
      (shown) => this.#painted(shown),
    );
    this.#stream = new Stream(address, {
      onState: () => this.#restart(),
      onFrame: (frame) => this.#receive(frame),
      onMessage: (message) => this.#hear(message, handlers),
    });
  }

  play(wanted) {
    if (wanted) this.#stream.open();
    else this.#stream.pause();
  }

  set(name, value) {
    this.#stream.set(name, value);
  }

  /** Shows the figures as they are now. */
  show() {
    const smoothness = this.intervals.figures();
    this.#say("ui-fps", fixed(this.#received.perSecond(), 1));
    this.#say("jitter-ms", fixed(smoothness?.p99_ms, 0));
    this.#say("deviation-ms", fixed(smoothness?.deviation_ms, 1));
    this.#say("late", fixed(smoothness?.late, 0));
    this.#root.classList.toggle("stutters", smoothness?.late > 0);
    const age = this.#ages.median();
    this.#say("frame-age-ms", age !== null && isPlausible(age) ? fixed(1000 * age, 0) : DASH);
    this.#say("inference-fps", fixed(this.#detected.perSecond(), 1));
    this.#say("inference-ms", fixed(this.#inferences.median(), 0));
    this.#say("gil-ms", fixed(this.#load.gil_delay_ms, 1));
    this.#say("cpu", fixed(this.#load.cpu_percent, 0));
    this.#say("memory", fixed(this.#load.memory_mb, 0));
    const silentFor = { frames: (performance.now() - this.#lastFrameAt) / 1000, detections: 0 };
    const sentences = alerts(this.#stream.state, [...this.#statuses.values()], silentFor, "live", this.#rates);
    this.#root.querySelector(".banner").hidden = !sentences.length;
    this.#say("banner", sentences.join("\n"));
    this.#draw();
  }

  #restart() {
    this.#isNew = true;
    this.#lastFrameAt = performance.now();
    this.#statuses.clear();
    this.#player.reset();
    this.intervals.restart();
    for (const measured of [this.#received, this.#detected, this.#ages, this.#inferences]) measured.reset();
  }

  #receive(frame) {
    this.#lastFrameAt = performance.now();
    this.#received.count();
    this.intervals.count();
    this.#player.addFrame(frame);
  }

  #hear(message, { onHello, onStats }) {
    if (message.type === "hello") {
      this.#rates = message.rates;
      this.intervals.due_ms = 1000 / message.rates.ui_fps;
      onHello(message, this.#isNew);
      this.#isNew = false;
    } else if (message.type === "detections") {
      this.#detected.count();
      this.#inferences.add(message.inference_ms);
      this.#player.addDetections(message);
    } else if (message.type === "stats") {
      this.#load = together(message.roles);
      onStats(message);
    } else if (message.type === "status") {
      this.#statuses.set(message.component, message);
    }
  }

  #painted(shown) {
    this.#ages.add(Date.now() / 1000 - shown.captured_at);
    this.#root.querySelector(".waiting").hidden = true;
    this.#draw();
  }

  #draw() {
    const { shown } = this.#player;
    if (!shown) return;
    const choices = { minScore: 0, boxes: true, labels: true, age: this.#player.boxAge() ?? 0 };
    this.#overlay.draw(shown.detections?.detections ?? [], this.#video, choices);
  }

  #say(name, text) {
    const node = this.#root.querySelector(`.${name}`);
    if (node.textContent !== text) node.textContent = text;
  }
}
