// The table of machines: which are connected, what each sends to the server, and the roles that it runs.

import { fixed, orDash } from "../shared/format.js";
import { setRows } from "./table.js";

export class Nodes {
  #section;
  #body;
  #before = {}; // received bytes by node, and when

  constructor(section, body) {
    this.#section = section;
    this.#body = body;
  }

  /** Shows the nodes of a stats message. One alone is not worth a table. */
  show(nodes, now = performance.now()) {
    const names = Object.keys(nodes);
    this.#section.hidden = names.length < 2;
    const rows = names.map((name) => {
      const { connected, roles } = nodes[name];
      return [name, connected ? "connected" : "lost", this.#rate(name, nodes[name], now), roles.join(", ")];
    });
    setRows(this.#body, rows).forEach((tr, index) => {
      tr.dataset.state = nodes[names[index]].connected ? "ok" : "lost";
    });
  }

  #rate(name, { received_bytes: bytes }, now) {
    const before = this.#before[name];
    this.#before[name] = { bytes, now };
    return before ? fixed((bytes - before.bytes) / (now - before.now), 0) : orDash();
  }
}
