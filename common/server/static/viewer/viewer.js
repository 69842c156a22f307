// The viewer: the stream of a server, and the views that show its cameras: one of them, or each in a tile.

import { nameOf } from "./alerts.js";
import { CameraView } from "./camera_view.js";
import { stylesOf } from "./layer_styles.js";
import { Stream } from "./stream.js";

const IGNORED = () => {};

/** The cameras of a hello message; a server of one camera need not list it. */
const camerasOf = ({ cameras, source, rates }) => (cameras?.length ? cameras : [{ name: "main", source, ...rates }]);

export class Viewer {
  view; // of one camera
  camera = null; // the one that `view` shows; null before the first hello, and while tiles are shown
  #stream;
  #handlers;
  #hello = null;
  #cameras = [];
  #views = new Map(); // those that are shown, by the name of their camera
  #unacknowledged = new Map(); // ids of frames, by camera
  #statuses = new Map(); // the newest of each component of a camera or processor
  #roles = {}; // from the newest stats

  /**
   * Shows the stream at `address` inside the element `root`; `label` describes the video to screen readers.
   * Handlers, each optional: onState(state); onFrame(); onDraw({ count, age_s }); onHello(message, cameras), which has to
   * select what is shown; onCamera(camera, rates) when one is shown; onDetections(message) of the one that is shown;
   * onResult(message) for the detections of every camera; onEvent, onStats and onRefusal(message); onStatuses(list of
   * status messages).
   */
  constructor(root, address, label, handlers) {
    this.#handlers = handlers;
    this.view = new CameraView(root, label, (frameId) => this.acknowledge(this.camera, frameId), handlers.onDraw ?? IGNORED);
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

  /** Shows a camera in `view`, or the first one where there is none of that name. */
  select(name) {
    if (!this.#cameras.length) return; // before the first hello, which selects
    const camera = this.#cameras.find((each) => each.name === name) ?? this.#cameras[0];
    if (camera.name !== this.camera) this.view.clear();
    this.camera = camera.name;
    this.#show(new Map([[camera.name, this.view]]));
    if (this.#cameras.length > 1) this.#stream.watch([camera.name]);
    this.#handlers.onCamera?.(camera, this.ratesOf(camera.name));
  }

  /** Shows cameras in `views`, a Map by name, each `width` pixels wide. */
  showTiles(views, width) {
    this.camera = null;
    this.#show(views);
    this.#stream.watch([...views.keys()], width);
  }

  set(name, value) {
    this.#stream.set(name, value);
  }

  /** Requests another model in a processor, one of those that the hello message lists, for all viewers. */
  changeModel(name, processor) {
    this.#stream.changeModel(name, processor);
  }

  /** Replaces the lines and zones of a processor, for all viewers; returns whether there is a connection. */
  setRegions(processor, regions) {
    return this.#stream.setRegions(processor, regions);
  }

  /** Returns the credit of a frame that was painted, replaced or broken. */
  acknowledge(camera, frameId) {
    if (this.#unacknowledged.get(camera)?.delete(frameId)) this.#stream.ack(camera, frameId);
  }

  /**
   * The configured rates of a camera: capture_fps, ui_fps, queue_fps, which is the sum of its processors, and synced_fps,
   * that of the fastest one.
   */
  ratesOf(name) {
    const { capture_fps, ui_fps } = this.#cameras.find((camera) => camera.name === name) ?? this.#hello.rates;
    const fps = this.#processorsOf(name).map((processor) => processor.fps);
    const { queue_fps } = this.#hello.rates;
    if (!fps.length) return { capture_fps, ui_fps, queue_fps, synced_fps: queue_fps };
    return { capture_fps, ui_fps, queue_fps: fps.reduce((sum, each) => sum + each), synced_fps: Math.max(...fps) };
  }

  /** Brings alerts and the fading of old boxes up to date; to be called a few times a second. */
  refresh() {
    for (const [name, view] of this.#views) {
      view.showAlerts(this.state, this.#statusesOf(name), this.ratesOf(name), this.#sourceFpsOf(name));
      view.draw();
    }
    if (!this.#views.size) this.view.showAlerts(this.state, [...this.#statuses.values()]);
  }

  #onState(state) {
    for (const view of this.#views.values()) view.restart(state === "paused");
    this.#statuses.clear();
    this.#unacknowledged.clear();
    this.#roles = {};
    this.#handlers.onState?.(state);
    this.refresh();
  }

  #onFrame(frame) {
    const view = this.#views.get(frame.camera);
    if (!view) return this.#stream.ack(frame.camera, frame.frame_id); // sent before the watch
    if (!this.#unacknowledged.has(frame.camera)) this.#unacknowledged.set(frame.camera, new Set());
    this.#unacknowledged.get(frame.camera).add(frame.frame_id);
    view.addFrame(frame);
    this.#handlers.onFrame?.();
  }

  /** Frames go to `views` from now on; those that go to another view than before are acknowledged: credit is per camera. */
  #show(views) {
    const before = this.#views;
    this.#views = views;
    for (const [name, view] of before) {
      if (views.get(name) === view) continue;
      for (const frameId of [...(this.#unacknowledged.get(name) ?? [])]) this.acknowledge(name, frameId);
      view.restart(false);
    }
    for (const [name, view] of views) if (before.get(name) !== view) view.restart(false);
    this.refresh();
  }

  #processorsOf(camera) {
    return (this.#hello.processors ?? []).filter(({ cameras }) => cameras.includes(camera));
  }

  /** The statuses that concern a camera: its own, those of its processors, and those that concern all. */
  #statusesOf(camera) {
    const processors = this.#processorsOf(camera).map(({ name }) => name);
    const concerns = (status) =>
      (status.camera ?? camera) === camera && (!status.processor || processors.includes(status.processor));
    return [...this.#statuses.values()].filter(concerns);
  }

  #sourceFpsOf(camera) {
    return (this.#roles[`provider ${camera}`] ?? this.#roles.provider)?.source_fps;
  }

  #onMessage(message) {
    // Messages of other types and unknown fields are ignored: a newer server may send more.
    if (message.type === "hello") {
      this.#hello = message;
      this.#cameras = camerasOf(message);
      this.view.styles = stylesOf((message.processors ?? []).map(({ name }) => name));
      this.#handlers.onHello?.(message, this.#cameras);
    } else if (message.type === "detections") {
      this.#handlers.onResult?.(message);
      this.#views.get(message.camera)?.addDetections(message);
      if (message.camera === this.camera) this.#handlers.onDetections?.(message);
    } else if (message.type === "stats") {
      this.#roles = message.roles ?? {};
      this.#handlers.onStats?.(message);
    } else if (message.type === "status") {
      this.#statuses.set(nameOf(message), message);
      this.#handlers.onStatuses?.([...this.#statuses.values()]);
    } else if (message.type === "event") {
      this.#handlers.onEvent?.(message);
    } else if (message.type === "refusal") {
      this.#handlers.onRefusal?.(message);
    }
  }
}
