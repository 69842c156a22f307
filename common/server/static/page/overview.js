// The overview: a table of cameras, and one of processors where there are several or the wall is shown.

import { fixed, setText } from "../shared/format.js";
import { timeOf } from "../shared/processing_time.js";
import { newSwatch } from "./layer_switches.js";
import { setRows } from "./table.js";

const element = (id) => document.getElementById(id);

const ofConfigured = (fps) => `/ ${Number(fps.toFixed(1))}`;

export class Overview {
  #cameras = [];
  #processors = [];
  #styles = new Map();
  #camera = null; // the one that is shown; null for all
  #stats = {};

  /** `cameras` and `processors` as in hello, `styles` of layers by processor. */
  configure(cameras, processors, styles) {
    this.#cameras = cameras;
    this.#processors = processors;
    this.#styles = styles;
  }

  /** Shows the processors of this camera; null for all cameras with all processors. */
  setCamera(name) {
    this.#camera = name;
    element("overview-processors").hidden = name !== null && this.#processors.length < 2;
    this.#show();
  }

  /** Shows the figures of a stats message. */
  stats(stats) {
    this.#stats = stats;
    this.#show();
  }

  /** Shows dashes: the server is not connected. */
  clear() {
    this.#stats = {};
    this.#show();
  }

  #show() {
    setRows(element("camera-rows"), this.#cameras.map((camera) => this.#rowOfCamera(camera)));
    const shown = this.#processors.filter(({ cameras }) => this.#camera === null || cameras.includes(this.#camera));
    const time = timeOf(shown);
    setText(element("processor-time"), `${time}, ms`);
    setRows(element("processor-rows"), shown.map((each) => this.#rowOfProcessor(each, time))).forEach((tr, index) => {
      this.#showSwatch(tr.cells[0], this.#styles.get(shown[index].name));
    });
  }

  #rowOfCamera({ name, capture_fps }) {
    const { captured } = this.#stats.cameras?.[name]?.rates ?? {};
    return [name, fixed(captured, 1), ofConfigured(capture_fps), fixed(this.#resultsOf([name]), 1)];
  }

  #rowOfProcessor({ name, fps, cameras }, time) {
    const counted = this.#camera === null ? cameras : [this.#camera];
    const { processors, percentiles } = this.#stats;
    const times = processors?.[name]?.percentiles ?? (this.#processors.length === 1 ? percentiles : {});
    const median = fixed(times?.[`${time}_ms`]?.p50, 1);
    return [name, fixed(this.#resultsOf(counted, name), 1), ofConfigured(fps * counted.length), median];
  }

  /** The results a second for these cameras, of one processor or of all; undefined where there are none. */
  #resultsOf(cameras, processor) {
    const results = cameras.map((camera) => this.#stats.results?.[camera] ?? {});
    const rates = results.flatMap((each) => (processor === undefined ? Object.values(each) : [each[processor] ?? 0]));
    return this.#stats.results && rates.reduce((sum, fps) => sum + fps, 0);
  }

  #showSwatch(cell, style) {
    if (!style || cell.querySelector(".swatch")) return;
    cell.prepend(newSwatch(style));
  }
}
