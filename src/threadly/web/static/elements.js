// Elements of a page, made by a script: text is only ever text.

/** An attribute that is true has no value; one that is false or missing is not there. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Of the sheet that the page's own icons are of. */
export function icon(name) {
  const sheet = document.querySelector("svg use[href*='icons']").getAttribute("href").split("#")[0];
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sheet}#${name}`);
  svg.append(use);
  return svg;
}

const STEP = 1024;
const UNITS = ["KB", "MB", "GB"];

/** As the pages of the server say it: "640 bytes", "1.2 MB". */
export function sizeOf(bytes) {
  if (bytes < STEP) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  let size = bytes / STEP;
  let unit = 0;
  while (Math.round(size) >= STEP && unit < UNITS.length - 1) {
    size /= STEP;
    unit += 1;
  }
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}
