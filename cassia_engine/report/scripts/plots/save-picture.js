// A drawn picture as a file, as it is seen: SVG with its styles as attributes, or PNG painted on a canvas. The PNG is
// painted shape by shape: to load the SVG as an image, the page's policy would have to let images in.
// Both give what is to be said of the file; "" for nothing.

import { svg } from "../shared/dom.js";
import { download, fileName } from "../shared/download.js";

const PAINTS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin"];
const LETTERS = ["font-family", "font-size", "font-style", "font-weight", "text-anchor"];
const OUTLINED = ["stroke", "stroke-width", "stroke-linejoin", "paint-order"]; // of letters that stand on other marks
const PLACES = ["cx", "cy", "r", "x", "y", "width", "height", "rx", "d", "transform", "viewBox"];
const LEFT_OUT = ".tip, .band, .cursor";
const MARGIN = 12; // px round the picture
const SHARPNESS = 2; // pixels of the PNG for one of the page
const LONGEST = 32000; // pixels: browsers make no canvas much longer, Firefox none above 32,767

export function saveSvg(picture, name, what) {
  const whole = copiedShape(picture);
  whole.prepend(svg("title", {}, what), groundRect(picture));
  download(fileName(name, ".svg"), "image/svg+xml", new XMLSerializer().serializeToString(whole));
  return "";
}

export async function savePng(picture, name) {
  const { width, height } = wholeSize(picture);
  const sharp = Math.min(SHARPNESS, LONGEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.floor(width * sharp);
  canvas.height = Math.floor(height * sharp);
  const paint = canvas.getContext("2d");
  paint.fillStyle = groundColour(picture);
  paint.fillRect(0, 0, canvas.width, canvas.height);
  for (const shape of paintedShapes(picture)) painted(paint, picture, shape, sharp);
  const file = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (!file) return "This browser makes no PNG of this size: save the SVG.";
  download(fileName(name, ".png"), "image/png", file);
  return sharp < 1 ? `The PNG is smaller than the picture, by ${Math.round(100 - 100 * sharp)}%: browsers make none so long. The SVG is sharp.` : "";
}

function copiedShape(element) {
  const tag = element.tagName === "a" ? "g" : element.tagName;
  const copy = svg(tag, {});
  for (const place of PLACES) if (element.hasAttribute(place)) copy.setAttribute(place, element.getAttribute(place));
  const parts = [...element.children].filter((part) => !part.matches(LEFT_OUT));
  if (tag === "svg") {
    const { width, height } = wholeSize(element);
    copy.setAttribute("viewBox", `${-MARGIN} ${-MARGIN} ${width} ${height}`);
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
  }
  if (parts.length || tag === "g" || tag === "svg") copy.append(...parts.map(copiedShape));
  else withStyle(copy, element);
  return copy;
}

function withStyle(copy, element) {
  const style = getComputedStyle(element);
  const text = element.tagName === "text";
  for (const name of text ? [...LETTERS, "fill"] : PAINTS) {
    if (name.startsWith("stroke-") && style.stroke === "none") continue;
    copy.setAttribute(name, style.getPropertyValue(name));
  }
  if (text && style.stroke !== "none") for (const name of OUTLINED) copy.setAttribute(name, style.getPropertyValue(name));
  if (text) copy.textContent = element.textContent;
}

function groundRect(picture) {
  return svg("rect", { x: -MARGIN, y: -MARGIN, ...wholeSize(picture), fill: groundColour(picture) });
}

function wholeSize(picture) {
  const { width, height } = picture.viewBox.baseVal;
  return { width: width + 2 * MARGIN, height: height + 2 * MARGIN };
}

function groundColour(picture) {
  return getComputedStyle(picture.closest(".panel")).backgroundColor;
}

function paintedShapes(picture) {
  return [...picture.querySelectorAll("circle, rect, path, text")].filter((shape) => !shape.closest(LEFT_OUT));
}

function painted(paint, picture, shape, sharp) {
  const style = getComputedStyle(shape);
  const { a, b, c, d, e, f } = picture.getScreenCTM().inverse().multiply(shape.getScreenCTM());
  paint.setTransform(a, b, c, d, e, f);
  paint.setTransform(new DOMMatrix().scale(sharp).translate(MARGIN, MARGIN).multiply(paint.getTransform()));
  paint.fillStyle = style.fill;
  if (shape.tagName === "text") {
    lettered(paint, shape, style);
    return;
  }
  const outline = outlined(shape);
  if (style.fill !== "none") paint.fill(outline);
  if (style.stroke === "none") return;
  paint.strokeStyle = style.stroke;
  paint.lineWidth = parseFloat(style.strokeWidth);
  paint.lineCap = style.strokeLinecap;
  paint.setLineDash(style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(",").map(parseFloat));
  paint.stroke(outline);
}

function lettered(paint, text, style) {
  paint.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  paint.textAlign = { start: "left", middle: "center", end: "right" }[style.textAnchor];
  if (style.stroke !== "none") {
    paint.strokeStyle = style.stroke;
    paint.lineWidth = parseFloat(style.strokeWidth);
    paint.lineJoin = style.strokeLinejoin;
    paint.setLineDash([]);
    paint.strokeText(text.textContent, coordinate(text, "x"), coordinate(text, "y"));
  }
  paint.fillText(text.textContent, coordinate(text, "x"), coordinate(text, "y"));
}

function outlined(shape) {
  if (shape.tagName === "path") return new Path2D(shape.getAttribute("d"));
  const outline = new Path2D();
  if (shape.tagName === "circle") outline.arc(coordinate(shape, "cx"), coordinate(shape, "cy"), coordinate(shape, "r"), 0, 2 * Math.PI);
  else outline.roundRect(coordinate(shape, "x"), coordinate(shape, "y"), coordinate(shape, "width"), coordinate(shape, "height"), coordinate(shape, "rx"));
  return outline;
}

function coordinate(shape, name) {
  return Number(shape.getAttribute(name) ?? 0);
}
