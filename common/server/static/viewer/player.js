// The player: selects the frame to show and the detections on it, decodes the frame and paints it.

import { Layers } from "./layers.js";

const KEPT_FRAMES = 45; // three seconds at 15 FPS as JPEG, about 3 MB; decoded they would take 160 MB at 720p

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
  shown = null; // the frame on the canvas: frame_id, captured_at, painted_at, and the detections of each processor on it
  isShown = () => true; // whether a processor is shown: synced mode shows its frames
  #canvas;
  #context;
  #ack;
  #onPaint;
  #frames = [];
  #layers = new Layers();
  #matched = null; // the id of the frame whose detections synced mode shows
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
    this.#layers.add(detections);
    if (this.mode === "synced") this.#showMatched();
    if (this.shown) this.shown.layers = this.#layers.upTo(this.shown.until);
  }

  setMode(mode) {
    this.mode = mode;
    this.#matched = null;
    if (mode === "synced") this.#showMatched();
    else if (this.#frames.length) this.#show(this.#frames.at(-1));
  }

  /**
   * Seconds between the shown frame and the one in which `detections` were found. In live mode it grows while no new
   * frame is painted. Both times are the server's, so the viewer's clock does not matter.
   */
  ageOf(detections) {
    const { captured_at, painted_at, frozen_at } = this.shown;
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

  /** Discards every frame, also the one that is shown. */
  clear() {
    this.reset();
    this.shown = null;
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  #discard() {
    this.#frames = [];
    this.#layers.clear();
    this.#matched = null;
  }

  /**
   * Synced mode: shows the newest detections of a frame that has arrived, on the kept frame nearest to theirs. It is
   * the same frame when the processor's rate divides the UI rate; with 10 of 25 and 4 of 25 FPS it need not be. Of several
   * processors the one with the newest detections determines the frame; frames are shown in order.
   */
  #showMatched() {
    if (!this.#frames.length) return;
    const found = this.#layers.upTo(this.#frames.at(-1).frame_id).filter(({ processor }) => this.isShown(processor));
    const newest = Math.max(...found.map(({ frame_id }) => frame_id));
    if (!(newest > (this.#matched ?? -1)) || newest < this.#frames[0].frame_id) return;
    const distance = (frame) => Math.abs(frame.frame_id - newest);
    const nearest = this.#frames.reduce((best, frame) => (distance(frame) <= distance(best) ? frame : best));
    this.#matched = newest;
    this.#show(nearest, newest);
  }

  /** Shows a frame with the detections of frames up to `until`: its own id, or that of the matched detections. */
  #show(frame, until = frame.frame_id) {
    if (this.#waiting) this.#ack(this.#waiting.frame);
    this.#waiting = { frame, until };
    this.#decode();
  }

  async #decode() {
    if (this.#decoding || !this.#waiting) return;
    const { frame, until } = this.#waiting;
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
    else if (bitmap) this.#makeReady({ frame, until, bitmap });
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
    const { frame, until, bitmap } = this.#ready;
    this.#ready = null;
    if (this.#canvas.width !== bitmap.width || this.#canvas.height !== bitmap.height) {
      this.#canvas.width = bitmap.width;
      this.#canvas.height = bitmap.height;
    }
    this.#context.drawImage(bitmap, 0, 0);
    bitmap.close();
    this.#ack(frame);
    const { frame_id, captured_at } = frame;
    this.shown = { frame_id, captured_at, until, layers: this.#layers.upTo(until), painted_at: performance.now() };
    this.#onPaint(this.shown);
  }
}
