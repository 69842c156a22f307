// The controls: what the viewer can press, move or type, and what it changes.

import { load, save } from "./preferences.js";

const ASK_AFTER_MS = 150; // a slider in motion says a hundred values; the server needs the one it rests on
const HINTS = {
  live: "Live: the newest frame at once. Its boxes come from a moment earlier and trail what moves.",
  synced: "Synced: only frames with their own boxes, at the inference rate, a moment later.",
};

const element = (id) => document.getElementById(id);

export class Controls {
  choices = load();
  playing = !document.hidden;
  #handlers;
  #detectorThreshold = 0;
  #askTimer = 0;
  #paused = false;

  /**
   * Handlers: onChoice() after a change of `choices`, onPlaying() after one of `playing`,
   * onWeaker(score) when boxes are wanted that the detector holds back.
   */
  constructor(stage, handlers) {
    this.#handlers = handlers;
    element("show-boxes").checked = this.choices.boxes;
    element("show-labels").checked = this.choices.labels;
    element("show-boxes").addEventListener("change", (event) => this.#choose({ boxes: event.target.checked }));
    element("show-labels").addEventListener("change", (event) => this.#choose({ labels: event.target.checked }));
    element("confidence").addEventListener("input", (event) => this.#moveConfidence(event.target.valueAsNumber));
    element("mode-live").addEventListener("click", () => this.#choose({ mode: "live" }));
    element("mode-synced").addEventListener("click", () => this.#choose({ mode: "synced" }));
    element("pause").addEventListener("click", () => this.#togglePause());
    element("fullscreen").addEventListener("click", () => toggleFullScreen(stage));
    document.addEventListener("visibilitychange", () => this.#updatePlaying());
    document.addEventListener("keydown", (event) => this.#pressKey(event, stage));
    this.#show();
  }

  /** The score from which on the detector reports. A remembered choice below it is not forced on everybody. */
  setDetectorThreshold(score = 0) {
    this.#detectorThreshold = score;
    if (this.choices.confidence === null) this.choices.confidence = score;
    else if (!this.#askTimer) this.choices.confidence = Math.max(score, this.choices.confidence);
    this.#show();
    this.#handlers.onChoice();
  }

  #moveConfidence(score) {
    this.#choose({ confidence: score });
    clearTimeout(this.#askTimer);
    this.#askTimer = setTimeout(() => {
      this.#askTimer = 0;
      if (score < this.#detectorThreshold) this.#handlers.onWeaker(score);
    }, ASK_AFTER_MS);
  }

  #choose(change) {
    Object.assign(this.choices, change);
    save(this.choices);
    this.#show();
    this.#handlers.onChoice();
  }

  #togglePause() {
    this.#paused = !this.#paused;
    this.#updatePlaying();
  }

  #updatePlaying() {
    this.playing = !this.#paused && !document.hidden;
    this.#show();
    this.#handlers.onPlaying();
  }

  #show() {
    const { confidence, boxes, mode } = this.choices;
    if (confidence !== null) {
      element("confidence").value = confidence;
      element("confidence-value").textContent = confidence.toFixed(2);
    }
    element("show-labels").disabled = !boxes;
    element("mode-live").setAttribute("aria-pressed", mode === "live");
    element("mode-synced").setAttribute("aria-pressed", mode === "synced");
    element("mode-hint").textContent = HINTS[mode];
    element("pause").textContent = this.#paused ? "Play" : "Pause";
  }

  #pressKey(event, stage) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key === "Escape") return stage.classList.remove("fills");
    if (event.key === " " && event.target.closest("button, a, [type=checkbox]")) return; // it presses that one
    const id = { " ": "pause", f: "fullscreen", b: "show-boxes", l: "show-labels" }[event.key.toLowerCase()];
    if (id) element(id).click();
    else if (event.key.toLowerCase() === "m") this.#choose({ mode: this.choices.mode === "live" ? "synced" : "live" });
    else return;
    event.preventDefault();
  }
}

/** The picture with its boxes on the whole screen; in the whole window where there is no such API (iPhone). */
function toggleFullScreen(stage) {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (document.fullscreenEnabled) stage.requestFullscreen();
  else stage.classList.toggle("fills");
}
