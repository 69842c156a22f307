// The view of one camera: its video with boxes and alerts, and what is measured of it in this browser.

import { Arrivals, RecentMedian } from "../shared/measurements.js";
import { setText } from "../shared/format.js";
import { alerts, notices } from "./alerts.js";
import { itemsAt } from "./motion.js";
import { GONE_AT_S, Overlay } from "./overlay.js";
import { Player } from "./player.js";

const RECENT = 15; // ages are shown as the median of this many: one second at 15 FPS

const ageOf = ({ captured_at }) => Date.now() / 1000 - captured_at;
const intervalOf = (fps) => (fps > 0 ? 1 / fps : 0);

/** Adds a child element at the start of `root`, where elements of the page's own come after it. */
function prepend(root, tag, className, attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  root.prepend(node);
  return node;
}

export class CameraView {
  options = { minScore: 0, boxes: true, labels: true, motion: true };
  received = new Arrivals();
  painted = new Arrivals();
  detected = new Arrivals();
  frameAge = new RecentMedian(RECENT);
  detectionsAge = new RecentMedian(RECENT);
  #player;
  #overlay;
  #video;
  #waiting;
  #alert;
  #notice;
  #onDraw;

  /**
   * Builds the view inside the element `root`. `onAck(frameId)` acknowledges a frame;
   * `onDraw({ count, age_s })` reports how many boxes were drawn, and the age of their detections, null where there are none.
   */
  constructor(root, label, onAck, onDraw) {
    const alertArea = prepend(root, "div", "alerts");
    this.#notice = prepend(alertArea, "p", "notice", { role: "status", hidden: "" });
    this.#alert = prepend(alertArea, "p", "alert", { role: "alert", hidden: "" });
    this.#waiting = prepend(root, "p", "waiting");
    this.#waiting.textContent = "Waiting for the first frame";
    this.#overlay = new Overlay(prepend(root, "canvas", "overlay", { "aria-hidden": "true" }));
    this.#video = prepend(root, "canvas", "video", { width: 16, height: 9, role: "img", "aria-label": label });
    this.#player = new Player(this.#video, onAck, (shown) => this.#onPaint(shown));
    this.#onDraw = onDraw;
    new ResizeObserver(() => this.draw()).observe(root);
  }

  get mode() {
    return this.#player.mode;
  }

  setMode(mode) {
    if (mode !== this.mode) this.#player.setMode(mode);
  }

  addFrame(frame) {
    this.received.add();
    this.#player.addFrame(frame);
  }

  addDetections(detections) {
    this.detected.add();
    this.detectionsAge.add(ageOf(detections));
    this.#player.addDetections(detections);
    this.draw();
  }

  /** After a change of the connection: measurements start again. When `paused`, boxes stay on the last frame. */
  restart(paused) {
    if (paused) this.#player.freeze();
    else this.#player.reset();
    for (const measured of [this.received, this.painted, this.detected, this.frameAge, this.detectionsAge]) {
      measured.reset();
    }
  }

  /** Draws the boxes on the frame that is shown. They age, so this is repeated while no frame arrives. */
  draw() {
    const { shown } = this.#player;
    if (!shown) return;
    const age_s = this.#player.detectionsAge();
    const count = this.#overlay.draw(this.#items(shown), this.#video, { labels: this.options.labels, age: age_s ?? 0 });
    this.#onDraw({ count, age_s: age_s < GONE_AT_S ? age_s : null });
  }

  /** Shows what is wrong. `rates` are those of the configuration, `sourceFps` is the source's own or undefined. */
  showAlerts(connection, statuses, rates, sourceFps) {
    const timing = (arrivals, fps) => ({
      silence_s: arrivals.silence(),
      interval_s: Math.max(arrivals.typicalInterval(), intervalOf(sourceFps), intervalOf(fps)),
    });
    const frames = timing(this.received, rates?.ui_fps);
    const detections = timing(this.detected, rates?.queue_fps);
    this.#show(this.#alert, alerts(connection, statuses, this.mode, frames, detections));
    this.#show(this.#notice, connection === "open" ? notices(statuses) : []);
  }

  #items({ captured_at, detections }) {
    if (!detections || !this.options.boxes) return [];
    const moved = this.options.motion && this.mode === "live";
    const items = moved ? itemsAt(detections, captured_at) : detections.detections;
    return items.filter(({ score }) => score >= this.options.minScore);
  }

  #onPaint(shown) {
    this.painted.add();
    this.frameAge.add(ageOf(shown));
    this.#waiting.hidden = true;
    this.draw();
  }

  #show(node, sentences) {
    node.hidden = !sentences.length;
    setText(node, sentences.join("\n"));
  }
}
