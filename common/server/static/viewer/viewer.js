// The viewer: the stream of a server and the view of its camera, for the page and for the compare page.

import { CameraView } from "./camera_view.js";
import { stylesOf } from "./layer_styles.js";
import { Stream } from "./stream.js";
import { nameOf } from "./alerts.js";

const IGNORED = () => {};

const isAbout = (camera) => (message) => (message.camera ?? camera) === camera;

export class Viewer {
  view;
  camera = null; // the name of the shown camera; null before the first hello
  #stream;
  #handlers;
  #unacknowledged = new Set(); // ids of frames of the shown camera
  #statuses = new Map(); // the newest of each component of a camera or processor
  #wanted = null;
  #hello = null;
  #cameras = [];
  #rates;
  #sourceFps;

  /**
   * Shows the stream at `address` inside the element `root`; `label` describes the video to screen readers.
   * Handlers, each optional: onState(state); onFrame(); onDraw({ count, age_s }); onHello(message, cameras);
   * onCamera(camera, rates) when one is shown; onDetections and onStats(message); onStatuses(list of status messages); onRefusal(message).
   */
  constructor(root, address, label, handlers) {
    this.#handlers = handlers;
    const onDraw = handlers.onDraw ?? IGNORED;
    this.view = new CameraView(root, label, (frameId) => this.#acknowledge(frameId), onDraw);
    this.#stream = new Stream(address, {
      onState: (state) => this.#onState(state),
      onFrame: (frame) => this.#onFrame(frame),
      onMessage: (message) => this.#onMessage(message),
    });
  }

  get state() {
    return this.#stream.state;
  }

  /** Opens the stream if `wanted`, else closes it. */
  play(wanted) {
    if (wanted) this.#stream.open();
    else this.#stream.pause();
  }

  /** Shows another camera, or the first one where there is none of that name. */
  select(name) {
    this.#wanted = name;
    if (this.#cameras.length) this.#show(this.#cameras.find((camera) => camera.name === name) ?? this.#cameras[0]);
  }

  set(name, value) {
    this.#stream.set(name, value);
  }

  /** Requests another model, one of those that the hello message lists, for all viewers. */
  changeModel(name) {
    this.#stream.changeModel(name);
  }

  /** Replaces the lines and zones of a processor, for all viewers; returns whether there is a connection. */
  setRegions(processor, regions) {
    return this.#stream.setRegions(processor, regions);
  }

  /** Brings alerts and the fading of old boxes up to date; to be called a few times a second. */
  refresh() {
    const statuses = [...this.#statuses.values()].filter(isAbout(this.camera));
    this.view.showAlerts(this.state, statuses, this.#rates, this.#sourceFps);
    this.view.draw();
  }

  #onState(state) {
    this.view.restart(state === "paused");
    this.#statuses.clear();
    this.#unacknowledged.clear();
    this.#handlers.onState?.(state);
    this.refresh();
  }

  #onFrame(frame) {
    if (!isAbout(this.camera)(frame)) return this.#stream.ack(frame.camera, frame.frame_id); // sent before the watch
    this.#unacknowledged.add(frame.frame_id);
    this.view.addFrame(frame);
    this.#handlers.onFrame?.();
  }

  #acknowledge(frameId) {
    if (this.#unacknowledged.delete(frameId)) this.#stream.ack(this.camera, frameId);
  }

  #show(camera) {
    this.#rates = { ...this.#hello.rates, capture_fps: camera.capture_fps, ui_fps: camera.ui_fps };
    if (this.#cameras.length > 1) this.#stream.watch([camera.name]);
    if (camera.name !== this.camera) {
      for (const frameId of [...this.#unacknowledged]) this.#acknowledge(frameId); // credit counts for each camera
      this.camera = camera.name;
      this.#sourceFps = undefined;
      this.view.restart(false);
    }
    this.#handlers.onCamera?.(camera, this.#rates);
    this.refresh();
  }

  #onMessage(message) {
    // Messages of other types and unknown fields are ignored: a newer server may send more.
    if (message.type === "hello") {
      this.#hello = message;
      this.#cameras = message.cameras?.length ? message.cameras : [{ name: "main", source: message.source, ...message.rates }];
      this.view.styles = stylesOf((message.processors ?? []).map(({ name }) => name));
      this.#handlers.onHello?.(message, this.#cameras);
      this.select(this.#wanted);
    } else if (message.type === "detections") {
      if (!isAbout(this.camera)(message)) return;
      this.view.addDetections(message);
      this.#handlers.onDetections?.(message);
    } else if (message.type === "stats") {
      const role = this.#cameras.length > 1 ? `provider ${this.camera}` : "provider";
      this.#sourceFps = message.roles?.[role]?.source_fps;
      this.#handlers.onStats?.(message);
    } else if (message.type === "status") {
      this.#statuses.set(nameOf(message), message);
      this.#handlers.onStatuses?.([...this.#statuses.values()]);
    } else if (message.type === "refusal") {
      this.#handlers.onRefusal?.(message);
    }
  }
}
