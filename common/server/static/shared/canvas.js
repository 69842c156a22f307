// What the charts have in common: a canvas at the resolution of the screen, colours of the style sheet, a time axis.

/**
 * Clears `canvas`, fits its resolution to its size and returns what is needed to draw on it: the context, width and
 * height in CSS pixels, and `colour(name)` of a custom property of the style sheet, as it is in the theme in use.
 */
export function startDrawing(canvas, fontSize) {
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * devicePixelRatio); // also clears it and resets the context
  canvas.height = Math.round(height * devicePixelRatio);
  const context = canvas.getContext("2d");
  context.scale(devicePixelRatio, devicePixelRatio);
  const style = getComputedStyle(canvas);
  context.font = `${fontSize}px ${style.fontFamily}`;
  context.lineWidth = 1;
  return { context, width, height, colour: (name) => style.getPropertyValue(name) };
}

/** Draws a horizontal line from `left` to `right`, with its meaning to the right of it. */
export function drawLevel(context, { left, right, y, text, dashes = [] }) {
  const level = Math.round(y) + 0.5; // the middle of a pixel: a sharp line
  context.setLineDash(dashes);
  context.beginPath();
  context.moveTo(left, level);
  context.lineTo(right, level);
  context.stroke();
  context.setLineDash([]);
  context.textBaseline = "middle";
  context.fillText(text, right + 6, level);
}

/** Labels a time axis that ends now: "60 s ago" at its left end, "now" at its right. */
export function drawTimeAxis(context, { left, right, bottom, span_s }) {
  context.textBaseline = "bottom";
  context.fillText(`${span_s} s ago`, left, bottom);
  context.textAlign = "right";
  context.fillText("now", right, bottom);
  context.textAlign = "left";
}
