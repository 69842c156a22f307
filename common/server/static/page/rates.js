// The rates table: each measured rate beside the one it should have, with a bar, and a warning where it is behind.

import { fixed, setText } from "../shared/format.js";

const BEHIND_BELOW = 0.9; // of the expected rate
// The server averages over five seconds: its rates do not apply to this viewer until it has been connected longer.
const SETTLED_AFTER_S = 6;

export class Rates {
  #configured = {};
  #sourceFps = Infinity;
  #openedAt = Infinity;

  /** `rates` as in hello: capture_fps, ui_fps and queue_fps. */
  configure(rates) {
    this.#configured = rates;
  }

  /** The source's own frame rate, undefined where it is unknown. A slower camera is not behind. */
  setSourceFps(fps) {
    this.#sourceFps = fps > 0 ? fps : Infinity;
  }

  /** The stream was opened. */
  open() {
    this.#openedAt = performance.now();
  }

  /** The stream was closed: no rate is known. */
  close() {
    this.#openedAt = Infinity;
    for (const row of document.querySelectorAll(".rates tr")) this.#show(row, null, null);
  }

  /** Shows a rate. The row names the configured rate that it is compared with, unless `of` does. */
  show(name, perSecond, of) {
    const row = document.getElementById(`rate-${name}`).parentElement;
    const configured = this.#configured[of ?? row.dataset.of];
    this.#show(row, perSecond, configured === undefined ? null : Math.min(configured, this.#sourceFps));
  }

  #show(row, perSecond, expected) {
    setText(row.querySelector(".rate"), fixed(perSecond, 1));
    if (!row.dataset.of) return;
    if (expected !== null) setText(row.querySelector(".of"), `/ ${Number(expected.toFixed(1))}`);
    const share = perSecond !== null && expected !== null ? perSecond / expected : 0;
    row.querySelector("i").style.width = `${Math.min(100, 100 * share)}%`;
    const settled = performance.now() - this.#openedAt > 1000 * SETTLED_AFTER_S;
    row.classList.toggle("behind", settled && perSecond !== null && share < BEHIND_BELOW);
  }
}
