// The compare page: connects two views, one chart and one workload.

import { CameraTabs } from "../shared/camera_tabs.js";
import { ImplementationView } from "./implementation_view.js";
import { IntervalChart } from "./interval_chart.js";
import { Workload } from "./workload.js";

const REFRESH_MS = 250; // figures that change more often cannot be read
const SATURATED_PERCENT = 90; // of all cores: from here on, threads wait for a core even without the GIL
const SATURATED_AFTER = 3; // stats messages in a row, one a second, above or below it

const element = (id) => document.getElementById(id);

const { implementation, other_port, cores, inference_threads } = await (await fetch("api/compare")).json();
const addressOf = (name) => (name === implementation ? "ws/ui" : `//${location.hostname}:${other_port}/ws/ui`);

let busy = []; // the last seconds, in percent of the machine

function showBusy({ machine: { busy_percent } }) {
  element("busy").textContent = `, ${Math.round(busy_percent)} % busy`;
  busy = [...busy, busy_percent].slice(-SATURATED_AFTER);
  if (busy.every((percent) => percent >= SATURATED_PERCENT)) element("saturated").hidden = false;
  if (busy.every((percent) => percent < SATURATED_PERCENT)) element("saturated").hidden = true;
}

// Both views have the same figures: the HTML has them once.
element("multiprocessing").append(document.querySelector("#threading .figures").cloneNode(true));

const views = [["threading", "Live video, threads"], ["multiprocessing", "Live video, processes"]].map(([name, label]) => {
  const view = new ImplementationView(element(name), addressOf(name), label, {
    onHello(hello, cameras, isFirst) {
      tabs.setCameras(cameras.map((camera) => camera.name));
      synchronise(view, hello, isFirst);
    },
    onCamera(camera) {
      tabs.select(camera.name);
      element("source").textContent = camera.source;
    },
    onStats: (stats) => name === implementation && showBusy(stats),
  });
  return view;
});
const tabs = new CameraTabs(element("cameras"), (camera) => views.forEach((view) => view.select(camera)));
const workload = new Workload((name, value) => views.forEach((view) => view.set(name, value)));
const chart = new IntervalChart(element("intervals"), [
  { title: "Threads", colour: "--threads", intervals: views[0].intervals },
  { title: "Processes", colour: "--processes", intervals: views[1].intervals },
]);

/** Sends the chosen workload to a server that was restarted with its defaults; otherwise takes over its settings. */
function synchronise(view, { model, settings, processors = [] }, isFirst) {
  element("model").textContent = model;
  workload.setModel(processors.some(({ has_model = true }) => has_model));
  const differences = isFirst ? workload.differences(settings) : [];
  if (differences.length) differences.forEach(([name, value]) => view.set(name, value));
  else workload.follow(settings);
}

function followVisibility() {
  if (document.hidden) workload.forget();
  views.forEach((view) => view.play(!document.hidden));
}

function refresh() {
  views.forEach((view) => view.refresh());
  chart.draw();
}

element("cores").textContent = cores === 1 ? "1 core" : `${cores} cores`;
element("threads").textContent = inference_threads === 1 ? "one thread" : `${inference_threads} threads`;
document.addEventListener("visibilitychange", followVisibility);
setInterval(refresh, REFRESH_MS);
views.forEach((view) => view.select(tabs.nameInAddress()));
followVisibility();
