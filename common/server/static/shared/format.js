// Text for numbers: fixed digits, a dash where there is no value.

const DASH = "–";

export const fixed = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : DASH);

/** A duration in milliseconds with its unit. */
export const milliseconds = (value) => (Number.isFinite(value) ? `${fixed(value, value < 10 ? 1 : 0)} ms` : DASH);

export const orDash = (text) => text || DASH;

/** Sets the text of a node only if it changes: selections and screen readers are not disturbed. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
