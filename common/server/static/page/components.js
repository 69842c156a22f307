// The components with their state. Many that are ok are folded, so that a fault is in sight.

import { orDash, setText } from "../shared/format.js";
import { inOrder } from "../shared/processes.js";
import { nameOf } from "../viewer/alerts.js";
import { setRows } from "./table.js";

const ORDER = ["source", "provider", "processor", "inference", "server"];
const LISTED = 8; // as many are all listed

const isOk = ({ state }) => state === "ok";

export class Components {
  #listed;
  #fold;

  /** `listed` is the body of the table, `fold` the element that can be opened, with a table for those that are ok. */
  constructor(listed, fold) {
    this.#listed = listed;
    this.#fold = fold;
  }

  /** Shows status messages; a role that reports figures and has no status is ok: only faults and their end are reported. */
  show(roles, statuses) {
    const reporting = roles.map((component) => ({ component, state: "ok", message: "" }));
    const newest = new Map([...reporting, ...statuses].map((status) => [nameOf(status), status]));
    const ordered = inOrder([...newest.keys()], ORDER).map((name) => newest.get(name));
    const folded = ordered.length > LISTED ? ordered.filter(isOk) : [];
    const listed = folded.length ? ordered.filter((status) => !isOk(status)) : ordered;
    showStatuses(this.#listed, listed);
    showStatuses(this.#fold.querySelector("tbody"), folded);
    setText(this.#fold.querySelector("summary"), listed.length ? `${folded.length} others are ok` : `All ${folded.length} are ok`);
    this.#fold.hidden = !folded.length;
  }

  /** Shows a dash: the server is not connected. */
  clear() {
    const [tr] = setRows(this.#listed, [[orDash()]]);
    delete tr.dataset.state;
    this.#fold.hidden = true;
  }
}

function showStatuses(body, statuses) {
  const rows = statuses.map((status) => [nameOf(status), status.state, status.message ?? ""]);
  setRows(body, rows).forEach((tr, index) => {
    tr.dataset.state = statuses[index].state;
  });
}
