// The table of machines: which are connected, how fast the link is, what each sends to the server, and its roles.

import { fixed, orDash } from "../shared/format.js";
import { setRows } from "./table.js";

const COLUMNS = 5; // of the first row of a machine; its second row has the roles, of which a supervisor is on each

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
    const rows = names.flatMap((name) => {
      const { connected, roles, round_trip_ms, frame_age_ms } = nodes[name];
      const state = connected ? "connected" : "lost";
      const rate = this.#rate(name, nodes[name], now);
      const figures = [name, state, fixed(round_trip_ms, 1), connected ? rate : orDash(), fixed(frame_age_ms, 0)];
      return [figures, ["roles", orDash(roles.filter((role) => role !== "supervisor").join(", "))]];
    });
    setRows(this.#body, rows).forEach((tr, index) => {
      if (index % 2) tr.cells[1].colSpan = COLUMNS - 1;
      else tr.dataset.state = nodes[names[index / 2]].connected ? "ok" : "lost";
    });
  }

  #rate(name, { received_bytes: bytes }, now) {
    const before = this.#before[name];
    this.#before[name] = { bytes, now };
    return before ? fixed((bytes - before.bytes) / (now - before.now), 0) : orDash();
  }
}
