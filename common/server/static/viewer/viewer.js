// The viewer: the stream of a server and the view of its camera, for the page and for the compare page.

import { CameraView } from "./camera_view.js";
import { Stream } from "./stream.js";

const IGNORED = () => {};

export class Viewer {
  view;
  #stream;
  #handlers;
  #statuses = new Map(); // the newest of each component
  #rates;
  #sourceFps;

  /**
   * Shows the stream at `address` inside the element `root`; `label` describes the video to screen readers.
   * Handlers, each optional: onState(state); onFrame(); onDraw({ count, age_s }); onHello, onDetections and
   * onStats(message); onStatuses(list of status messages).
   */
  constructor(root, address, label, handlers) {
    this.#handlers = handlers;
    const onDraw = handlers.onDraw ?? IGNORED;
    this.view = new CameraView(root, label, (frameId) => this.#stream.ack(frameId), onDraw);
    this.#stream = new Stream(address, {
      onState: (state) => this.#onState(state),
      onFrame: (frame) => this.#onFrame(frame),
      onMessage: (message) => this.#onMessage(message),
    });
  }

  get state() {
    return this.#stream.state;
  }

  /** Opens the stream, or closes it while nobody looks. */
  play(wanted) {
    if (wanted) this.#stream.open();
    else this.#stream.pause();
  }

  set(name, value) {
    this.#stream.set(name, value);
  }

  /** Brings alerts and the fading of old boxes up to date; to be called a few times a second. */
  refresh() {
    this.view.showAlerts(this.state, [...this.#statuses.values()], this.#rates, this.#sourceFps);
    this.view.draw();
  }

  #onState(state) {
    this.view.restart(state === "paused");
    this.#statuses.clear();
    this.#handlers.onState?.(state);
    this.refresh();
  }

  #onFrame(frame) {
    this.view.addFrame(frame);
    this.#handlers.onFrame?.();
  }

  #onMessage(message) {
    // Messages of other types and unknown fields are ignored: a newer server may send more.
    if (message.type === "hello") {
      this.#rates = message.rates;
      this.#handlers.onHello?.(message);
    } else if (message.type === "detections") {
      this.view.addDetections(message);
      this.#handlers.onDetections?.(message);
    } else if (message.type === "stats") {
      this.#sourceFps = message.roles?.provider?.source_fps;
      this.#handlers.onStats?.(message);
    } else if (message.type === "status") {
      this.#statuses.set(message.component, message);
      this.#handlers.onStatuses?.([...this.#statuses.values()]);
    }
  }
}
