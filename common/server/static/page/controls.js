// The controls of the page: buttons, slider, switches and keys, and the choices that they make.

import { load, save } from "./preferences.js";

const SEND_AFTER_MS = 150; // a moving slider changes at every frame of the screen; the server gets the last value
const HINTS = {
  synced: "Synced: only frames with detections of their own, at the inference rate, with the delay of the inference.",
  moved: "Live: the newest frame. Boxes of an earlier frame are moved with their object; faint: its velocity is unknown.",
  live: "Live: the newest frame. Its boxes were found in an earlier frame and lag behind moving objects.",
};

const element = (id) => document.getElementById(id);

export class Controls {
  choices = load();
  playing = !document.hidden;
  #handlers;
  #detectorThreshold = 0;
  #sendTimer = 0;
  #paused = false;

  /**
   * `display` is what is shown in full screen.
   * Handlers: onChoice() after a change of `choices`, onPlaying() after a change of `playing`, onLowerScore(score) when
   * the chosen confidence is below the threshold of the detector, onBack() for the Escape key.
   */
  constructor(display, handlers) {
    this.#handlers = handlers;
    for (const [id, name] of [["show-boxes", "boxes"], ["show-labels", "labels"], ["move-boxes", "motion"]]) {
      element(id).checked = this.choices[name];
      element(id).addEventListener("change", (event) => this.#choose({ [name]: event.target.checked }));
    }
    element("confidence").addEventListener("input", (event) => this.#chooseConfidence(event.target.valueAsNumber));
    element("mode-live").addEventListener("click", () => this.#choose({ mode: "live" }));
    element("mode-synced").addEventListener("click", () => this.#choose({ mode: "synced" }));
    element("pause").addEventListener("click", () => this.#togglePause());
    for (const id of ["fullscreen", "wall-fullscreen"]) {
      element(id).addEventListener("click", () => toggleFullScreen(display));
    }
    document.addEventListener("visibilitychange", () => this.#updatePlaying());
    document.addEventListener("keydown", (event) => this.#pressKey(event, display));
    this.#show();
  }

  /** Sets the lowest score that the detector reports. A saved choice below it is raised, not imposed on all viewers. */
  setDetectorThreshold(score = 0) {
    this.#detectorThreshold = score;
    if (this.choices.confidence === null) this.choices.confidence = score;
    else if (!this.#sendTimer) this.choices.confidence = Math.max(score, this.choices.confidence);
    this.#show();
    this.#handlers.onChoice();
  }

  /** Hides the boxes of these processors. */
  hide(processors) {
    this.#choose({ hidden: processors });
  }

  #chooseConfidence(score) {
    this.#choose({ confidence: score });
    clearTimeout(this.#sendTimer);
    this.#sendTimer = setTimeout(() => {
      this.#sendTimer = 0;
      if (score < this.#detectorThreshold) this.#handlers.onLowerScore(score);
    }, SEND_AFTER_MS);
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
    const { confidence, boxes, mode, motion } = this.choices;
    if (confidence !== null) {
      element("confidence").value = confidence;
      element("confidence-value").textContent = confidence.toFixed(2);
    }
    element("show-labels").disabled = !boxes;
    element("move-boxes").disabled = !boxes || mode === "synced";
    element("mode-live").setAttribute("aria-pressed", mode === "live");
    element("mode-synced").setAttribute("aria-pressed", mode === "synced");
    element("mode-hint").textContent = HINTS[mode === "live" && motion ? "moved" : mode];
    element("pause").textContent = this.#paused ? "Play" : "Pause";
  }

  #goBack(display) {
    if (display.classList.contains("fills-window")) display.classList.remove("fills-window");
    else this.#handlers.onBack();
  }

  #pressKey(event, display) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key === "Escape") return this.#goBack(display);
    if (event.key === " " && event.target.closest("button, a, summary, [type=checkbox]")) return; // it activates that element
    const key = event.key.toLowerCase();
    const id = { " ": "pause", f: "fullscreen", b: "show-boxes", l: "show-labels" }[key];
    if (id) element(id).click();
    else if (key === "m") this.#choose({ mode: this.choices.mode === "live" ? "synced" : "live" });
    else return;
    event.preventDefault();
  }
}

/** Shows the display on the whole screen, or in the whole window where there is no Fullscreen API (iPhone). */
function toggleFullScreen(display) {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (document.fullscreenEnabled) display.requestFullscreen();
  else display.classList.toggle("fills-window");
}
