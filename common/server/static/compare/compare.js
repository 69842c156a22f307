// The compare page: two panes, one chart and one workload, wired together.

import { Lanes } from "./interval_chart.js";
import { Pane } from "./implementation_view.js";
import { Workload } from "./workload.js";

const TICK_MS = 250; // numbers that change more often cannot be read
const SATURATED_PERCENT = 90; // of all cores: from here on even a thread that needs no GIL waits for its turn
const CALM_S = 3; // in a row, before the machine is called saturated or no longer so; stats come once a second

const element = (id) => document.getElementById(id);

const { implementation, other_port, cores, inference_threads } = await (await fetch("/api/compare")).json();
const addressOf = (name) => (name === implementation ? "/ws/ui" : `//${location.hostname}:${other_port}/ws/ui`);

let busy = []; // the last seconds, in percent of the machine

function noteBusy({ machine: { busy_percent } }) {
  element("busy").textContent = `, ${Math.round(busy_percent)} % busy`;
  busy = [...busy, busy_percent].slice(-CALM_S);
  if (busy.every((percent) => percent >= SATURATED_PERCENT)) element("saturated").hidden = false;
  if (busy.every((percent) => percent < SATURATED_PERCENT)) element("saturated").hidden = true;
}

// Both panes show the same figures: the page holds them once.
element("pane-multiprocessing").append(document.querySelector("#pane-threading .figures").cloneNode(true));

const panes = ["threading", "multiprocessing"].map((name) => {
  const pane = new Pane(element(`pane-${name}`), addressOf(name), {
    onHello: (hello, isFirst) => follow(pane, hello, isFirst),
    onStats: (stats) => name === implementation && noteBusy(stats),
  });
  return pane;
});
const workload = new Workload((name, value) => panes.forEach((pane) => pane.set(name, value)));
const lanes = new Lanes(element("intervals"), [
  { title: "Threads", colour: "--threads", intervals: panes[0].intervals },
  { title: "Processes", colour: "--processes", intervals: panes[1].intervals },
]);

/** A server that was restarted is as it was at its start: it is told what both are set to. Else, what it says holds. */
function follow(pane, { model, source, settings }, isFirst) {
  element("model").textContent = model;
  element("source").textContent = source;
  const missing = isFirst ? workload.missingIn(settings) : [];
  if (missing.length) missing.forEach(([name, value]) => pane.set(name, value));
  else workload.follow(settings);
}

function followVisibility() {
  if (document.hidden) workload.forget();
  panes.forEach((pane) => pane.play(!document.hidden));
}

function tick() {
  panes.forEach((pane) => pane.show());
  lanes.draw();
}

element("cores").textContent = cores === 1 ? "1 core" : `${cores} cores`;
element("threads").textContent = inference_threads === 1 ? "one thread" : `${inference_threads} threads`;
document.addEventListener("visibilitychange", followVisibility);
setInterval(tick, TICK_MS);
followVisibility();
