// The page: wires the stream, the player, the overlay, the panel and the controls together.

import { alerts } from "../viewer/alerts.js";
import { StripChart } from "./inference_chart.js";
import { Controls } from "./controls.js";
import { Rate, Recent } from "../shared/measurements.js";
import { Overlay } from "../viewer/overlay.js";
import { Panel } from "./panel.js";
import { Player } from "../viewer/player.js";
import { Stream } from "../viewer/stream.js";

const TICK_MS = 250; // numbers that change more often cannot be read
const RECENT = 15; // ages are said as the median of this many: the last second, at 15 FPS

const stage = document.getElementById("stage");
const video = document.getElementById("video");
const waiting = document.getElementById("waiting");

const panel = new Panel();
const overlay = new Overlay(document.getElementById("overlay"));
const chart = new StripChart(document.getElementById("inference-chart"));
const received = new Rate();
const painted = new Rate();
const frameAges = new Recent(RECENT);
const detectionsAges = new Recent(RECENT);

let rates = null; // as configured
let lastFrameAt = 0;
let lastDetectionsAt = 0;

const age = (capturedAt) => Date.now() / 1000 - capturedAt;
const secondsSince = (moment) => (performance.now() - moment) / 1000;

const stream = new Stream("/ws/ui", {
  onState(state) {
    lastFrameAt = lastDetectionsAt = performance.now();
    if (state === "paused") player.freeze();
    else if (state !== "open") player.reset();
    for (const measured of [received, painted, frameAges, detectionsAges]) measured.reset();
    panel.connection(state);
    tick();
  },
  onFrame(frame) {
    lastFrameAt = performance.now();
    received.count();
    player.addFrame(frame);
  },
  onMessage: (message) => messages[message.type]?.(message),
});

const messages = {
  hello(hello) {
    rates = hello.rates;
    panel.hello(hello);
    controls.setDetectorThreshold(hello.settings.min_score);
  },
  detections(detections) {
    lastDetectionsAt = performance.now();
    detectionsAges.add(age(detections.captured_at));
    chart.add(detections.inference_ms);
    player.addDetections(detections);
    drawBoxes();
  },
  stats: (stats) => panel.stats(stats),
  status: (status) => panel.status(status),
};

const player = new Player(
  video,
  (frameId) => stream.ack(frameId),
  (shown) => {
    painted.count();
    frameAges.add(age(shown.captured_at));
    waiting.hidden = true;
    drawBoxes();
  },
);

const controls = new Controls(stage, {
  onChoice() {
    if (player.mode !== controls.choices.mode) player.setMode(controls.choices.mode);
    drawBoxes();
  },
  onPlaying: followControls,
  onWeaker: (score) => stream.set("min_score", score),
});

function followControls() {
  if (controls.playing) stream.open();
  else stream.pause();
}

function drawBoxes() {
  if (!player.shown) return;
  const { confidence, boxes, labels } = controls.choices;
  const boxAge = player.boxAge();
  const detections = player.shown.detections?.detections ?? [];
  const count = overlay.draw(detections, video, { minScore: confidence ?? 0, boxes, labels, age: boxAge ?? 0 });
  panel.drawn(count, boxes ? boxAge : null, player.mode);
}

function tick() {
  const silentFor = { frames: secondsSince(lastFrameAt), detections: secondsSince(lastDetectionsAt) };
  panel.banner(alerts(stream.state, panel.statuses(), silentFor, player.mode, rates));
  panel.rate("received", received.perSecond());
  panel.rate("painted", painted.perSecond(), player.mode === "synced" ? "queue_fps" : "ui_fps");
  panel.ages(frameAges.median(), detectionsAges.median());
  panel.inference(chart.latest(), chart.median());
  chart.draw();
  drawBoxes(); // they age, and the window may have changed its size
}

player.setMode(controls.choices.mode);
setInterval(tick, TICK_MS);
new ResizeObserver(drawBoxes).observe(stage);
followControls();
