// The player: decides which frame is shown with which detections, decodes it off the main path and paints it.

const KEPT_FRAMES = 45; // three seconds at 15 FPS, as JPEG: about 3 MB, where decoded pictures would be 160 MB at 720p
const KEPT_DETECTIONS = 45;

/** Wraps onAck so that a frame gives its credit back exactly once, whichever way it leaves. */
function acknowledgeOnce(onAck) {
  const done = new WeakSet();
  return (frame) => {
    if (done.has(frame)) return;
    done.add(frame);
    onAck(frame.frame_id);
  };
}

/**
 * At every step the newest wins: one frame waits, one is decoded, one is ready to paint, and a newer one takes its place.
 * A frame is decoded only when none other is being decoded, so no result overtakes another.
 */
export class Player {
  mode = "live";
  shown = null; // the frame on the canvas: frame_id, captured_at, painted_at, and the detections that go on it
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

  /** `onAck(frameId)` gives a credit back; `onPaint(frame)` runs in the animation frame that painted it. */
  constructor(canvas, onAck, onPaint) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#ack = acknowledgeOnce(onAck);
    this.#onPaint = onPaint;
  }

  addFrame(frame) {
    // Ids that go backwards are those of a new provider: the frames kept so far are no longer comparable.
    if (frame.frame_id <= this.#frames.at(-1)?.frame_id) this.#forget();
    this.#frames.push(frame);
    if (this.#frames.length > KEPT_FRAMES) this.#frames.shift();
    if (this.mode === "live") {
      this.#show(frame);
    } else {
      this.#ack(frame); // it is kept, perhaps never painted: its credit must not wait for that
      this.#showMatched();
    }
  }

  addDetections(detections) {
    this.#detections.push(detections);
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
   * Seconds between the boxes and the picture they are on, null without boxes. In live mode it grows while the picture
   * stands still. Both times are the server's, so a viewer whose clock is wrong still sees boxes.
   */
  boxAge() {
    if (!this.shown?.detections) return null;
    const { captured_at, painted_at, frozen_at, detections } = this.shown;
    const apart_s = captured_at - detections.captured_at;
    if (this.mode === "synced") return Math.abs(apart_s);
    return apart_s + ((frozen_at ?? performance.now()) - painted_at) / 1000;
  }

  /** Keeps picture and boxes as they are now. */
  freeze() {
    this.reset();
    if (this.shown) this.shown.frozen_at = performance.now();
  }

  /** Forgets everything that is on its way; what is painted stays. */
  reset() {
    this.#generation += 1;
    this.#waiting = null;
    this.#ready?.bitmap.close();
    this.#ready = null;
    this.#forget();
  }

  #forget() {
    this.#frames = [];
    this.#detections = [];
    this.#matched = null;
  }

  #newestDetectionsUpTo(frameId) {
    return this.#detections.findLast((detections) => detections.frame_id <= frameId) ?? null;
  }

  /**
   * Synced: the newest detections whose frame has passed by, on the kept frame nearest to theirs.
   * It is their very frame when the rates divide each other; 10 of 25 and 4 of 25 do not always meet.
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
      if (generation === this.#generation) this.#ack(frame); // a broken picture is skipped like a late one
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
    // Live: the newest boxes that are not of the frame's future. Synced: the boxes that chose this frame.
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
