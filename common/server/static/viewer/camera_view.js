// The view of one camera: its video with boxes and alerts, and what is measured of it in this browser.

import { Arrivals, RecentMedian } from "../shared/measurements.js";
import { setText } from "../shared/format.js";
import { alerts, notices, stateOf } from "./alerts.js";
import { ONLY_LAYER } from "./layer_styles.js";
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
  state = { name: "connecting", text: "" }; // in a word, for where there is no room for alerts
  faults = []; // sentences, the text of the alerts
  styles = new Map(); // by processor; without a style it is the only layer
  received = new Arrivals();
  painted = new Arrivals();
  detected = new Arrivals();
  frameAge = new RecentMedian(RECENT);
  detectionsAge = new RecentMedian(RECENT);
  #choices = { minScore: 0, boxes: true, labels: true, motion: true, hidden: new Set() };
  #player;
  #overlay;
  #video;
  #waiting;
  #alert;
  #notice;
  #onDraw;

  /**
   * Builds the view inside the element `root`. `onAck(frameId)` acknowledges a frame;
   * `onDraw({ count, age_s })` reports how many boxes were drawn, and the age of the oldest, null without detections.
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
    this.#player.isShown = (processor) => !this.#choices.hidden.has(processor);
    this.#onDraw = onDraw;
    new ResizeObserver(() => this.draw()).observe(root);
  }

  get mode() {
    return this.#player.mode;
  }

  /** Applies the choices of the viewer; `hidden` has the names of the processors that are switched off. */
  choose({ mode, ...choices }) {
    this.#choices = choices;
    if (mode !== this.mode) this.#player.setMode(mode);
    this.draw();
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

  /** Shows no frame until the next one. */
  clear() {
    this.#player.clear();
    this.#waiting.hidden = false;
    this.#overlay.draw([], this.#video, { labels: false });
    this.#onDraw({ count: 0, age_s: null });
  }

  /** After a change of the connection or of the camera: measurements start again. When `paused`, boxes stay on the last frame. */
  restart(paused) {
    if (paused) this.#player.freeze();
    else this.#player.reset();
    for (const measured of [this.received, this.painted, this.detected, this.frameAge, this.detectionsAge]) {
      measured.reset();
    }
  }

  /** Draws the layers on the frame that is shown. They age, so this is repeated while no frame arrives. */
  draw() {
    const { shown } = this.#player;
    if (!shown) return;
    const found = shown.layers.filter(({ processor }) => !this.#choices.hidden.has(processor));
    const layers = found.map((detections) => this.#layerOf(detections, shown));
    const count = this.#overlay.draw(this.#choices.boxes ? layers : [], this.#video, { labels: this.#choices.labels });
    const ages = layers.map(({ age_s }) => age_s).filter((age_s) => age_s < GONE_AT_S);
    this.#onDraw({ count, age_s: ages.length ? Math.max(...ages) : null });
  }

  /** Shows what is wrong. `rates` are those of the configuration, `sourceFps` is the source's own or undefined. */
  showAlerts(connection, statuses, rates, sourceFps) {
    const timing = (arrivals, fps) => ({
      silence_s: arrivals.silence(),
      interval_s: Math.max(arrivals.typicalInterval(), intervalOf(sourceFps), intervalOf(fps)),
    });
    const frames = timing(this.received, rates?.ui_fps);
    const detections = timing(this.detected, rates?.queue_fps);
    this.faults = alerts(connection, statuses, this.mode, frames, detections);
    this.state = stateOf(connection, statuses, frames);
    this.#show(this.#alert, this.faults);
    this.#show(this.#notice, connection === "open" ? notices(statuses) : []);
  }

  #layerOf(detections, { captured_at, until }) {
    const { motion, minScore } = this.#choices;
    const isOfThisFrame = this.mode === "synced" && detections.frame_id === until;
    const items = motion && !isOfThisFrame ? itemsAt(detections, captured_at) : detections.detections;
    return {
      items: items.filter(({ score }) => score >= minScore),
      shapes: detections.shapes ?? [],
      style: this.styles.get(detections.processor) ?? ONLY_LAYER,
      age_s: this.#player.ageOf(detections),
    };
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
