// The page: connects the viewer, the wall, the panel, the chart and the controls.

import { CameraTabs } from "../shared/camera_tabs.js";
import { Viewer } from "../viewer/viewer.js";
import { Controls } from "./controls.js";
import { Editor } from "./editor/editor.js";
import { Events } from "./events.js";
import { InferenceChart } from "./inference_chart.js";
import { LayerSwitches } from "./layer_switches.js";
import { ModelChooser } from "./model_chooser.js";
import { Overview } from "./overview.js";
import { Panel } from "./panel.js";
import { Values } from "./values.js";
import { Wall } from "./wall.js";

const REFRESH_MS = 250; // figures that change more often cannot be read
const TITLE = document.title;

const element = (id) => document.getElementById(id);

const panel = new Panel();
const overview = new Overview();
const values = new Values(element("values-section"), element("values"));
const events = new Events(element("events-section"), element("events"));
const chart = new InferenceChart(element("inference-chart"), element("inference-name"));
const viewer = new Viewer(element("viewer"), "ws/ui", "Live video", {
  onState(state) {
    panel.connection(state);
    values.setConnected(state === "open");
    if (state === "open") return;
    overview.clear();
    events.disconnect();
    editor.disconnect();
  },
  onDraw: ({ count, age_s }) => panel.drawn(count, controls.choices.boxes ? age_s : null, viewer.view.mode),
  onHello(hello, cameras) {
    const { styles } = viewer.view;
    tabs.setCameras(cameras.map(({ name }) => name));
    wall.setCameras(tabs.isOneOfSeveral ? cameras : [], styles);
    overview.configure(cameras, hello.processors ?? [], styles);
    events.setCameras(cameras);
    events.setProcessors(hello.processors ?? []);
    values.setProcessors(hello.processors ?? []);
    panel.hello(hello);
    models.setModels(hello.models ?? [], hello.processors ?? [{ model: hello.model }]);
    layers.setProcessors(hello.processors ?? [], styles);
    editor.setProcessors(hello.processors ?? [], hello.may_save);
    chart.setProcessors(hello.processors ?? [], styles);
    controls.setDetectorThreshold(hello.settings.min_score);
    show(tabs.nameInAddress());
  },
  onCamera(camera, rates) {
    panel.camera(camera, rates, tabs.isOneOfSeveral);
  },
  onDetections: (message) => chart.add(message),
  onResult: (message) => values.add(message),
  onEvent: (event) => events.add(event),
  onStats(stats) {
    panel.stats(stats);
    overview.stats(stats);
  },
  onStatuses(statuses) {
    tabs.showStates(statuses);
    panel.statuses(statuses);
  },
  onRefusal: (refusal) => editor.refuse(refusal),
});
const tabs = new CameraTabs(element("cameras"), show);
const wall = new Wall(element("wall"), {
  onWatch: (views, width) => viewer.showTiles(views, width),
  onAck: (camera, frameId) => viewer.acknowledge(camera, frameId),
});
const models = new ModelChooser(element("models"), (name, processor) => viewer.changeModel(name, processor));
const controls = new Controls(element("display"), {
  onChoice: applyChoices,
  onPlaying: () => viewer.play(controls.playing),
  onLowerScore: (score) => viewer.set("min_score", score),
  onBack: () => tabs.isOneOfSeveral && !wall.isShown && tabs.open("#"),
});
const editor = new Editor(element("viewer"), (processor, regions) => viewer.setRegions(processor, regions));
const layers = new LayerSwitches(element("layers"), controls.choices.hidden, (names) => controls.hide(names));

/** Shows the camera of this name, or the only one; of several, the wall where none has this name. */
function show(name) {
  const isWall = tabs.isOneOfSeveral && !tabs.has(name);
  showScreen(isWall ? "wall" : tabs.isOneOfSeveral ? "camera" : "only camera");
  const before = viewer.camera;
  const hadFocus = wall.hasFocus;
  if (isWall) {
    wall.show();
    panel.wall(tabs.count);
  } else {
    wall.hide();
    viewer.select(name);
    if (viewer.camera !== before) chart.setCamera(viewer.camera);
  }
  const camera = isWall ? null : viewer.camera;
  tabs.select(camera);
  layers.setCamera(camera);
  editor.setCamera(camera);
  overview.setCamera(camera);
  values.setCamera(camera);
  events.setCamera(camera);
  document.title = isWall || !tabs.isOneOfSeveral ? TITLE : `${camera} – ${TITLE}`;
  if (isWall && before !== null) wall.focus(before);
  if (!isWall && hadFocus) tabs.focus();
}

/** Shows the elements of a screen: those that list it in `data-on`. */
function showScreen(screen) {
  document.body.dataset.screen = screen;
  for (const each of document.querySelectorAll("[data-on]")) each.hidden = !each.dataset.on.split(", ").includes(screen);
}

function applyChoices() {
  const { mode, confidence, boxes, labels, motion } = controls.choices;
  const choices = { mode, minScore: confidence ?? 0, boxes, labels, motion, hidden: layers.off };
  viewer.view.choose(choices);
  wall.choose(choices);
}

function refresh() {
  const { received, painted, frameAge, detectionsAge, mode } = viewer.view;
  viewer.refresh();
  wall.refresh();
  panel.rates.show("received", received.perSecond());
  panel.rates.show("painted", painted.perSecond(), mode === "synced" ? "synced_fps" : "ui_fps");
  panel.ages(frameAge.value(), detectionsAge.value());
  if (viewer.state === "open") panel.inference(chart.latest(), chart.median());
  else panel.inference(null, null);
  chart.draw();
  values.draw();
}

applyChoices();
setInterval(refresh, REFRESH_MS);
viewer.play(controls.playing);
