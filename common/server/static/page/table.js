// Tables: rows are updated in place, so that a selection and the position of a screen reader survive each refresh.

import { setText } from "../shared/format.js";

function addRow(body) {
  const tr = body.insertRow();
  const th = document.createElement("th");
  th.scope = "row";
  tr.append(th);
  return tr;
}

/** Sets the rows of a table body: lists of texts, the first of which is the heading of its row. Returns the rows. */
export function setRows(body, rows) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((texts, index) => {
    const tr = body.rows[index] ?? addRow(body);
    while (tr.cells.length > texts.length) tr.deleteCell(-1);
    while (tr.cells.length < texts.length) tr.insertCell();
    texts.forEach((text, column) => setText(tr.cells[column], text));
  });
  return [...body.rows];
}
