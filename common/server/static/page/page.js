// The page: connects the viewer, the panel, the chart and the controls.

import { CameraTabs } from "../shared/camera_tabs.js";
import { Viewer } from "../viewer/viewer.js";
import { Controls } from "./controls.js";
import { Editor } from "./editor/editor.js";
import { InferenceChart } from "./inference_chart.js";
import { LayerSwitches } from "./layer_switches.js";
import { ModelChooser } from "./model_chooser.js";
import { Panel } from "./panel.js";

const REFRESH_MS = 250; // figures that change more often cannot be read

const element = (id) => document.getElementById(id);

const panel = new Panel();
const chart = new InferenceChart(element("inference-chart"));
const viewer = new Viewer(element("viewer"), "ws/ui", "Live video", {
  onState(state) {
    panel.connection(state);
    if (state !== "open") editor.disconnect();
  },
  onDraw: ({ count, age_s }) => panel.drawn(count, controls.choices.boxes ? age_s : null, viewer.view.mode),
  onHello(hello, cameras) {
    tabs.setCameras(cameras.map(({ name }) => name));
    panel.hello(hello);
    models.setModels(hello.models ?? [], hello.model);
    layers.setProcessors(hello.processors ?? [], viewer.view.styles);
    editor.setProcessors(hello.processors ?? []);
    controls.setDetectorThreshold(hello.settings.min_score);
  },
  onCamera(camera, rates) {
    tabs.select(camera.name);
    layers.setCamera(camera.name);
    editor.setCamera(camera.name);
    panel.camera(camera, rates, tabs.isOneOfSeveral);
  },
  onDetections: ({ inference_ms }) => chart.add(inference_ms),
  onStats: (stats) => panel.stats(stats),
  onStatuses(statuses) {
    tabs.showStates(statuses);
    panel.statuses(statuses);
  },
  onRefusal: (refusal) => editor.refuse(refusal),
});
const tabs = new CameraTabs(element("cameras"), (name) => viewer.select(name));
const models = new ModelChooser(element("models"), (name) => viewer.changeModel(name));
const controls = new Controls(element("viewer"), {
  onChoice: applyChoices,
  onPlaying: () => viewer.play(controls.playing),
  onLowerScore: (score) => viewer.set("min_score", score),
});
const editor = new Editor(element("viewer"), (processor, regions) => viewer.setRegions(processor, regions));
const layers = new LayerSwitches(element("layers"), controls.choices.hidden, (names) => controls.hide(names));

function applyChoices() {
  const { mode, confidence, boxes, labels, motion } = controls.choices;
  viewer.view.choose({ mode, minScore: confidence ?? 0, boxes, labels, motion, hidden: layers.off });
}

function refresh() {
  const { received, painted, frameAge, detectionsAge, mode } = viewer.view;
  viewer.refresh();
  panel.rates.show("received", received.perSecond());
  panel.rates.show("painted", painted.perSecond(), mode === "synced" ? "queue_fps" : "ui_fps");
  panel.ages(frameAge.value(), detectionsAge.value());
  if (viewer.state === "open") panel.inference(chart.latest(), chart.median());
  else panel.inference(null, null);
  chart.draw();
}

applyChoices();
viewer.select(tabs.nameInAddress());
setInterval(refresh, REFRESH_MS);
viewer.play(controls.playing);
