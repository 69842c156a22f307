// The panel: every number beside the picture, set as text. A number nobody reported stays a dash.

import { isPlausible } from "../shared/measurements.js";
import { byProcess } from "../shared/processes.js";

const DASH = "–";
const TIMES = {
  inference_ms: "inference",
  processing_ms: "processing",
  encode_ms: "JPEG encoding",
  processor_age_ms: "age at processor",
  paint_age_ms: "age at paint, all viewers",
};
const BEHIND_BELOW = 0.9; // of the configured rate: shown as behind

const element = (id) => document.getElementById(id);
const isNumber = (value) => Number.isFinite(value);

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const fixed = (value, digits) => (isNumber(value) ? value.toFixed(digits) : DASH);
const milliseconds = (value) => (isNumber(value) ? `${fixed(value, value < 10 ? 1 : 0)} ms` : DASH);

function row(title, ...cells) {
  const tr = document.createElement("tr");
  const th = document.createElement("th");
  th.scope = "row";
  th.textContent = title;
  tr.append(th);
  for (const text of cells) tr.insertCell().textContent = text;
  return tr;
}

export class Panel {
  #configured = {};
  #statuses = new Map();

  hello({ implementation, model, source, rates }) {
    setText(element("implementation"), implementation);
    element("implementation").hidden = false;
    for (const [id, name] of [["model", model], ["source", source]]) {
      setText(element(id), name || DASH);
      element(id).title = name || "";
    }
    this.#configured = rates;
  }

  stats({ viewers, rates = {}, counters = {}, drops = {}, percentiles = {}, roles = {} }) {
    for (const name of ["captured", "sent", "queued", "overwritten", "processed"]) this.rate(name, rates[name]);
    element("times").replaceChildren(
      ...Object.entries(percentiles).map(([key, { p50, p95, p99 }]) =>
        row(TIMES[key] ?? key.replaceAll("_", " "), fixed(p50, 1), fixed(p95, 1), fixed(p99, 1)),
      ),
    );
    const seen = Object.entries(drops).filter(([, total]) => total > 0);
    element("drops").replaceChildren(
      ...(seen.length ? seen.map(([name, total]) => row(name.replace("/", ", "), String(total))) : [row("none")]),
    );
    this.#roles(byProcess(roles));
    if (isNumber(viewers)) setText(element("viewers"), viewers === 1 ? "1 viewer" : `${viewers} viewers`);
    const restarts = counters.restarts ?? 0;
    setText(element("restarts"), restarts === 1 ? "1 restart" : `${restarts} restarts`);
  }

  /** One measured rate beside the configured one that `of` names (the row's own where it is left out). */
  rate(name, perSecond, of) {
    const cell = element(`rate-${name}`);
    setText(cell, fixed(perSecond, 1));
    const tr = cell.parentElement;
    const configured = this.#configured[of ?? tr.dataset.of];
    if (!isNumber(configured)) return;
    setText(tr.querySelector(".of"), `/ ${configured}`);
    const share = isNumber(perSecond) ? perSecond / configured : 0;
    tr.querySelector("i").style.width = `${Math.min(100, 100 * share)}%`;
    tr.classList.toggle("behind", isNumber(perSecond) && share < BEHIND_BELOW);
  }

  inference(latest, median) {
    setText(element("inference-ms"), milliseconds(latest));
    setText(element("inference-p50-ms"), milliseconds(median));
  }

  /** Ages in seconds, null where there is none yet. */
  ages(frame, detections) {
    for (const [id, age] of [["frame-age-ms", frame], ["detections-age-ms", detections]]) {
      if (age !== null && !isPlausible(age)) setText(element(id), "clocks differ");
      else setText(element(id), milliseconds(age === null ? null : age * 1000));
    }
  }

  /** What is drawn now; `age` in seconds is that of the boxes beside the picture, null where there are none. */
  drawn(count, age, mode) {
    setText(element("boxes-drawn"), `objects: ${count}`);
    element("box-age").hidden = age === null;
    if (age === null) return;
    if (mode === "live") setText(element("box-age"), `boxes ${Math.round(age * 1000)} ms old`);
    else setText(element("box-age"), age === 0 ? "boxes of this frame" : `boxes ${Math.round(age * 1000)} ms off`);
  }

  connection(state) {
    setText(element("connection"), state === "open" ? "connected" : state);
    element("connection").dataset.state = state;
    element("paused").hidden = state !== "paused";
    if (state !== "open") this.#statuses.clear();
  }

  status(status) {
    this.#statuses.set(status.component, status);
    element("components").replaceChildren(
      ...this.statuses().map(({ component, state, message }) => {
        const li = document.createElement("li");
        li.dataset.state = state;
        li.textContent = state === "ok" ? component : `${component} ${state}`;
        if (state === "degraded") li.textContent += `: ${message}`;
        li.title = message ?? "";
        return li;
      }),
    );
  }

  statuses() {
    return [...this.#statuses.values()];
  }

  banner(sentences) {
    element("banner").hidden = !sentences.length;
    setText(element("banner"), sentences.join("\n"));
  }

  #roles(processes) {
    setText(element("roles-word"), processes.length === 1 ? "Process" : "Processes");
    setText(element("roles-hint"), processes.length === 1 ? "one, all roles are its threads" : "one a role");
    element("roles").replaceChildren(
      ...processes.map(({ names, figures }) =>
        row(
          names.join(", "),
          fixed(figures.cpu_percent, 0),
          fixed(figures.memory_mb, 0),
          `${fixed(figures.gil_delay_p50_ms, 1)} – ${fixed(figures.gil_delay_p99_ms, 1)}`,
        ),
      ),
    );
  }
}
