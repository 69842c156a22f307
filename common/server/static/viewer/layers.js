// Layers: the detections of each processor of a camera, with a history of its own.

import { withVelocities } from "./motion.js";

const KEPT = 45; // detections messages of each processor

export class Layers {
  #histories = new Map(); // by processor, the oldest message first

  add(detections) {
    const history = this.#histories.get(detections.processor) ?? [];
    history.push(withVelocities(detections, history.at(-1)));
    if (history.length > KEPT) history.shift();
    this.#histories.set(detections.processor, history);
  }

  clear() {
    this.#histories.clear();
  }

  /** The newest message of each processor that is not from a later frame than `frameId`. */
  upTo(frameId) {
    const newest = (history) => history.findLast((detections) => detections.frame_id <= frameId);
    return [...this.#histories.values()].map(newest).filter(Boolean);
  }
}
