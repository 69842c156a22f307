// The player: selects the frame to show and the detections on it, decodes the frame and paints it.

import { withVelocities } from "./motion.js";

const KEPT_FRAMES = 45; // three seconds at 15 FPS as JPEG, about 3 MB; decoded they would take 160 MB at 720p
const KEPT_DETECTIONS = 45;

/** Wraps onAck so that each frame is acknowledged exactly once: painted, replaced or broken. */
function acknowledgeOnce(onAck) {
  const done = new WeakSet();
  return (frame) => {
    if (done.has(frame)) return;
    done.add(frame);
    onAck(frame.frame_id);
  };
}

/**
 * One frame waits, one is decoded, one is ready to paint; at each of these steps a newer frame replaces an older one.
 * At most one frame is decoded at a time, so frames cannot overtake each other.
 */
export class Player {
  mode = "live";
  shown = null; // the frame on the canvas: frame_id, captured_at, painted_at, and the detections drawn on it
  #canvas;
  #context;
  #ack;
  #onPaint;
  #frames = [];
  #detections = [];
  #matched = null;
  #waiting = null;
  #decoding = false;
  #ready = null;
  #generation = 0;

  /** `onAck(frameId)` returns a credit; `onPaint(frame)` runs in the animation frame that painted it. */
  constructor(canvas, onAck, onPaint) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#ack = acknowledgeOnce(onAck);
    this.#onPaint = onPaint;
  }

  addFrame(frame) {
    // Ids rise, also over a restart of the provider. Lower ones belong to another sequence: discard the kept frames.
    if (frame.frame_id <= this.#frames.at(-1)?.frame_id) this.#discard();
    this.#frames.push(frame);
    if (this.#frames.length > KEPT_FRAMES) this.#frames.shift();
    if (this.mode === "live") {
      this.#show(frame);
    } else {
      this.#ack(frame); // kept, and perhaps never painted: the credit must not depend on it
      this.#showMatched();
    }
  }

  addDetections(detections) {
    this.#detections.push(withVelocities(detections, this.#detections.at(-1)));
    if (this.#detections.length > KEPT_DETECTIONS) this.#detections.shift();
    if (this.mode === "synced") this.#showMatched();
    else if (this.shown) this.shown.detections = this.#newestDetectionsUpTo(this.shown.frame_id);
  }

  setMode(mode) {
    this.mode = mode;
    this.#matched = null;
    if (mode === "synced") this.#showMatched();
    else if (this.#frames.length) this.#show(this.#frames.at(-1));
  }

  /**
   * Seconds between the shown frame and the one its detections were found in; null without detections. In live mode it
   * grows while no new frame is painted. Both times are the server's, so the viewer's clock does not matter.
   */
  detectionsAge() {
    if (!this.shown?.detections) return null;
    const { captured_at, painted_at, frozen_at, detections } = this.shown;
    const difference_s = captured_at - detections.captured_at;
    if (this.mode === "synced") return Math.abs(difference_s);
    return difference_s + ((frozen_at ?? performance.now()) - painted_at) / 1000;
  }

  /** Discards every frame that is not painted yet, and keeps the shown one with the age of its detections as it is. */
  freeze() {
    this.reset();
    if (this.shown) this.shown.frozen_at = performance.now();
  }

  /** Discards every frame that is not painted yet, without acknowledgement. The canvas stays as it is. */
  reset() {
    this.#generation += 1;
    this.#waiting = null;
    this.#ready?.bitmap.close();
    this.#ready = null;
    this.#discard();
  }

  #discard() {
    this.#frames = [];
    this.#detections = [];
    this.#matched = null;
  }

  #newestDetectionsUpTo(frameId) {
    return this.#detections.findLast((detections) => detections.frame_id <= frameId) ?? null;
  }

  /**
   * Synced mode: shows the newest detections of a frame that has arrived, on the kept frame nearest to theirs. It is
   * the same frame when the processor's rate divides the UI rate; with 10 of 25 and 4 of 25 FPS it need not be.
   */
  #showMatched() {
    if (!this.#frames.length) return;
    const detections = this.#newestDetectionsUpTo(this.#frames.at(-1).frame_id);
    if (!detections || detections === this.#matched || detections.frame_id < this.#frames[0].frame_id) return;
    const distance = (frame) => Math.abs(frame.frame_id - detections.frame_id);
    const nearest = this.#frames.reduce((best, frame) => (distance(frame) <= distance(best) ? frame : best));
    this.#matched = detections;
    this.#show(nearest, detections);
  }

  #show(frame, detections = null) {
    if (this.#waiting) this.#ack(this.#waiting.frame);
    this.#waiting = { frame, detections };
    this.#decode();
  }

  async #decode() {
    if (this.#decoding || !this.#waiting) return;
    const { frame, detections } = this.#waiting;
    const generation = this.#generation;
    this.#waiting = null;
    this.#decoding = true;
    let bitmap = null;
    try {
      bitmap = await createImageBitmap(new Blob([frame.jpeg], { type: "image/jpeg" }));
    } catch {
      if (generation === this.#generation) this.#ack(frame); // a broken JPEG is skipped
    }
    this.#decoding = false;
    if (generation !== this.#generation) bitmap?.close();
    else if (bitmap) this.#makeReady({ frame, detections, bitmap });
    this.#decode();
  }

  #makeReady(ready) {
    if (this.#ready) {
      this.#ready.bitmap.close();
      this.#ack(this.#ready.frame);
    } else {
      requestAnimationFrame(() => this.#paint());
    }
    this.#ready = ready;
  }

  #paint() {
    if (!this.#ready) return;
    const { frame, bitmap } = this.#ready;
    // Live mode: the newest detections that are not from a later frame. Synced mode: those that selected this frame.
    const detections = this.#ready.detections ?? this.#newestDetectionsUpTo(frame.frame_id);
    this.#ready = null;
    if (this.#canvas.width !== bitmap.width || this.#canvas.height !== bitmap.height) {
      this.#canvas.width = bitmap.width;
      this.#canvas.height = bitmap.height;
    }
    this.#context.drawImage(bitmap, 0, 0);
    bitmap.close();
    this.#ack(frame);
    const { frame_id, captured_at } = frame;
    this.shown = { frame_id, captured_at, detections, painted_at: performance.now() };
    this.#onPaint(this.shown);
  }
}
