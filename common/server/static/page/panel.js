// The panel: the figures beside and below the video. A figure that was not reported is a dash.

import { fixed, milliseconds, orDash, setText } from "../shared/format.js";
import { isPlausible } from "../shared/measurements.js";
import { byProcess, inOrder } from "../shared/processes.js";
import { Components } from "./components.js";
import { Nodes } from "./nodes.js";
import { Rates } from "./rates.js";
import { setRows } from "./table.js";

const TIMES = {
  encode_ms: "JPEG encoding",
  processor_age_ms: "age at processor",
  inference_ms: "inference",
  processing_ms: "processing",
  paint_age_ms: "age at paint",
};
const TIMES_OF_PROCESSORS = ["inference_ms", "processing_ms"];
const SERVER_RATES = ["captured", "sent", "queued", "overwritten", "processed"];

const element = (id) => document.getElementById(id);

/** The rates of one of several cameras, from its own figures and the results a second of each of its processors. */
const ratesOf = (camera, results = {}) => ({
  ...camera?.rates,
  processed: Object.values(results).reduce((sum, fps) => sum + fps, 0),
});

export class Panel {
  rates = new Rates();
  nodes = new Nodes(element("nodes-section"), element("nodes"));
  components = new Components(element("components"), element("components-ok"));
  #name = null; // of the camera that is shown
  #camera = null; // the same, where it is one of several
  #processors = 0;
  #roles = [];
  #statuses = [];

  /** Shows what is configured, from a hello message. */
  hello({ implementation, model, processors = [] }) {
    setText(element("implementation"), implementation);
    element("implementation").hidden = false;
    this.#processors = processors.length;
    for (const id of ["inference-readouts", "inference-dashes"]) element(id).hidden = processors.length > 1;
    const models = processors.length ? processors.map((each) => each.model) : [model];
    this.#showName("model", [...new Set(models)].join(", "));
    const isOwnCode = processors.length > 0 && processors.every(({ has_model = true }) => !has_model);
    setText(element("model-kind"), isOwnCode ? "Processor" : "Model");
  }

  /** Shows which camera is on the video, and the rates that are configured for it. */
  camera({ name, source }, rates, isOneOfSeveral) {
    if (name !== this.#name) this.rates.open(); // those of the server are of some seconds before, too
    this.#name = name;
    this.#camera = isOneOfSeveral ? name : null;
    this.#showName("source", source);
    element("snapshot").href = isOneOfSeveral ? `snapshot.jpg?camera=${encodeURIComponent(name)}` : "snapshot.jpg";
    this.rates.configure(rates);
  }

  /** Updates what concerns all cameras. */
  wall(count) {
    this.#name = this.#camera = null;
    this.#showName("source", `${count} cameras`);
  }

  #showName(id, name) {
    setText(element(id), orDash(name));
    element(id).title = name || "";
  }

  /** Shows the figures of a stats message. */
  stats({ viewers, rates = {}, counters = {}, drops = {}, percentiles = {}, roles = {}, cameras = {}, results = {}, nodes = {} }) {
    this.rates.setSourceFps((roles[`provider ${this.#name}`] ?? roles.provider)?.source_fps);
    const shown = this.#camera === null ? rates : ratesOf(cameras[this.#camera], results[this.#camera]);
    for (const name of SERVER_RATES) this.rates.show(name, shown[name] ?? null);
    this.#showTimes({ ...percentiles, ...cameras[this.#camera]?.percentiles });
    const dropped = inOrder(Object.keys(drops), []).filter((name) => drops[name] > 0);
    const totals = dropped.map((name) => [name.replace("/", ", "), String(drops[name])]);
    setRows(element("drops"), totals.length ? totals : [["none"]]);
    this.#showProcesses(byProcess(roles));
    this.nodes.show(nodes);
    this.#roles = Object.keys(roles);
    this.components.show(this.#roles, this.#statuses);
    setText(element("viewers"), viewers === 1 ? "1 viewer" : `${viewers} viewers`);
    const restarts = counters.restarts ?? 0;
    setText(element("restarts"), restarts === 1 ? "1 restart" : `${restarts} restarts`);
  }

  /** Times of one processor are shown here, those of several in the table of processors. */
  #showTimes(percentiles) {
    const names = Object.keys(percentiles).filter((name) => this.#processors < 2 || !TIMES_OF_PROCESSORS.includes(name));
    const rows = inOrder(names, Object.keys(TIMES)).map((name) => {
      const { p50, p95, p99 } = percentiles[name];
      return [TIMES[name] ?? name.replaceAll("_", " "), ...[p50, p95, p99].map((value) => fixed(value, value < 100 ? 1 : 0))];
    });
    setRows(element("times"), rows);
  }

  /** Shows the newest status of each component. */
  statuses(statuses) {
    this.#statuses = statuses;
    this.components.show(this.#roles, this.#statuses);
  }

  /** Shows the times of this viewer's inference chart, in ms. */
  inference(latest, median) {
    setText(element("inference-ms"), milliseconds(latest));
    setText(element("inference-p50-ms"), milliseconds(median));
  }

  /** Shows ages in seconds; null where there is none. */
  ages(frame, detections) {
    for (const [id, age] of [["frame-age-ms", frame], ["detections-age-ms", detections]]) {
      if (age !== null && !isPlausible(age)) setText(element(id), "clocks differ");
      else setText(element(id), milliseconds(age === null ? null : age * 1000));
    }
  }

  /** Shows how many boxes are drawn, and their age in seconds; null where there is none. */
  drawn(count, age_s, mode) {
    setText(element("boxes-drawn"), `objects: ${count}`);
    element("box-age").hidden = age_s === null;
    if (age_s === null) return;
    const age = `${Math.round(age_s * 1000)} ms`;
    if (mode === "live") setText(element("box-age"), `boxes ${age} old`);
    else setText(element("box-age"), Math.round(age_s * 1000) === 0 ? "boxes of this frame" : `boxes ${age} off`);
  }

  /** Shows the state of the stream. Figures of the server hold only while it is open. */
  connection(state) {
    setText(element("connection"), state === "open" ? "connected" : state);
    element("connection").dataset.state = state;
    element("paused").hidden = state !== "paused";
    if (state === "open") this.rates.open();
    else this.#clear();
  }

  #clear() {
    this.rates.close();
    this.#roles = this.#statuses = [];
    for (const id of ["times", "roles", "drops"]) setRows(element(id), [[orDash()]]);
    this.components.clear();
    for (const id of ["viewers", "restarts"]) setText(element(id), orDash());
  }

  #showProcesses(processes) {
    setText(element("roles-title"), processes.length === 1 ? "Process" : "Processes");
    setText(element("roles-hint"), processes.length === 1 ? "one, with a thread for each role" : "one for each role");
    const rows = processes.map(({ names, figures }) => [
      names.join(", "),
      fixed(figures.cpu_percent, 0),
      fixed(figures.memory_mb, 0),
      `${fixed(figures.gil_delay_p50_ms, 1)} – ${fixed(figures.gil_delay_p99_ms, 1)}`,
    ]);
    setRows(element("roles"), rows);
  }
}
