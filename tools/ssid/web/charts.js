// SPDX-License-Identifier: GPL-2.0-or-later
// Drawings: topology, lines over time, the map of the memory.
"use strict";

// ---- topology ---------------------------------------------------------------------

const BOX = { w: 132, h: 74 };

// Two nodes side by side; more on an ellipse.
function placeOf(index, count) {
  if (count === 1) return { x: 180, y: 50 };
  if (count === 2) return { x: index ? 284 : 76, y: 50 };
  const angle = -Math.PI / 2 + (index * 2 * Math.PI) / count;
  return { x: 180 + 108 * Math.cos(angle), y: 150 + 108 * Math.sin(angle) };
}

// A line for each pair, with the worse state of both ends.
function drawLinks(svg, nodes, places) {
  const good = ["up"];
  nodes.forEach((node, i) => nodes.forEach((peer, j) => {
    if (j <= i) return;
    const ends = [node.links.find((link) => link.peer === peer.id),
                  peer.links.find((link) => link.peer === node.id)].filter(Boolean);
    if (!ends.length) return;
    const worst = ends.find((end) => !good.includes(end.state)) || ends[0];
    const [a, b] = [places[i], places[j]];
    svg.append(make("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, class: `link ${worst.state}` },
                    make("title", {}, `${worst.transport}, ${worst.security}: ${worst.state}`)));
    if (nodes.length === 2) {
      svg.append(make("text", { x: 180, y: 40, "text-anchor": "middle", class: "dim" }, worst.transport),
                 make("text", { x: 180, y: 68, "text-anchor": "middle", class: "dim" }, worst.state));
    }
  }));
}

function drawNode(svg, node, place) {
  const x = place.x - BOX.w / 2, y = place.y - BOX.h / 2;
  const line = (dy, text, kind) => make("text", { x: x + 12, y: y + dy, class: kind }, text);
  svg.append(
    make("rect", { x, y, width: BOX.w, height: BOX.h, rx: 8, class: `box ${node.state}` }),
    make("rect", { x: x + BOX.w - 22, y: y + 10, width: 12, height: 12, rx: 3, fill: colourOf(node.id) }),
    line(20, `node ${node.id}`, "name"), line(36, node.state, ""),
    line(51, `${node.cpus ?? "?"} ${node.cpus === 1 ? "CPU" : "CPUs"}, ${node.memory ? bytes(node.memory) : "?"}`, "dim"),
    line(65, node.address ?? "this host", "dim"));
}

function drawTopology(svg, nodes) {
  const places = nodes.map((_, index) => placeOf(index, nodes.length));
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 360 ${nodes.length > 2 ? 300 : 100}`);
  drawLinks(svg, nodes, places);
  nodes.forEach((node, index) => drawNode(svg, node, places[index]));
}

// ---- lines over time ---------------------------------------------------------------

const PLOT = { h: 180, left: 58, right: 8, top: 8, bottom: 22 };

// 1, 2 or 4 times a power of ten, so that a quarter of it is a round number; of bytes, of 1024
function niceTop(value, base) {
  const power = base ** Math.floor(Math.log(value || 1) / Math.log(base) + 1e-9);
  const steps = base === 10 ? [1, 2, 4, 10] : [1, 4, 16, 64, 256, 1024];
  return steps.map((step) => step * power).find((top) => top >= value);
}

function gridLines(top, log, bottom) {
  if (!log) return [0, 0.25, 0.5, 0.75, 1].map((part) => part * top);
  const lines = [];
  for (let at = bottom; at <= top; at *= 10) lines.push(at);
  return lines;
}

// series: [{ colour, thin, points: [[time, value]] }]
function drawLines(place, series, format, { log = false, base = 10 } = {}) {
  const values = series.flatMap((one) => one.points.map((point) => point[1])).filter((v) => v > 0);
  const times = series.flatMap((one) => one.points.map((point) => point[0]));
  const width = place.clientWidth || 420;
  const svg = make("svg", { viewBox: `0 0 ${width} ${PLOT.h}`, role: "img" });
  place.replaceChildren(svg);
  if (times.length < 2) {
    svg.append(make("text", { x: width / 2, y: PLOT.h / 2, "text-anchor": "middle", class: "dim" },
                    "no samples yet"));
    return;
  }
  const begin = Math.min(...times), end = Math.max(...times);
  const highest = Math.max(...values, log ? 10 : 0) || 1;
  const bottom = log ? 10 ** Math.floor(Math.log10(Math.min(...values, highest))) : 0;
  const top = log ? Math.max(10 ** Math.ceil(Math.log10(highest)), bottom * 10) : niceTop(highest, base);
  const x = (time) => PLOT.left + ((time - begin) / (end - begin || 1)) * (width - PLOT.left - PLOT.right);
  const share = (value) => (log ? Math.log(Math.max(value, bottom) / bottom) / Math.log(top / bottom) : value / top);
  const y = (value) => PLOT.h - PLOT.bottom - share(value) * (PLOT.h - PLOT.top - PLOT.bottom);
  for (const line of gridLines(top, log, bottom)) {
    svg.append(make("line", { x1: PLOT.left, x2: width - PLOT.right, y1: y(line), y2: y(line), class: "grid" }),
               make("text", { x: PLOT.left - 6, y: y(line) + 4, "text-anchor": "end", class: "dim" }, format(line)));
  }
  const minutes = (end - begin) / 60;
  svg.append(make("text", { x: PLOT.left, y: PLOT.h - 4, class: "dim" },
                  minutes >= 1 ? `${minutes.toFixed(0)} min ago` : `${Math.round(end - begin)} s ago`),
             make("text", { x: width - PLOT.right, y: PLOT.h - 4, "text-anchor": "end", class: "dim" }, "now"));
  for (const one of series) {
    const points = one.points.filter((point) => !log || point[1] > 0);
    const path = points.map(([t, v], i) => `${i ? "L" : "M"}${x(t).toFixed(1)} ${y(v).toFixed(1)}`).join("");
    svg.append(make("path", { d: path, class: "plot", stroke: one.colour, "stroke-width": one.thin ? 1 : 2 }));
  }
}

// ---- the map of the memory ------------------------------------------------------------

const heat = { now: null, moved: null, columns: 64 };

function ownerOf(cell) {
  let best = { node: -1, pages: 0, all: 0 };
  for (const one of heat.now.owned) {
    best.all += one.pages[cell];
    if (one.pages[cell] > best.pages) best = { ...best, node: one.node, pages: one.pages[cell] };
  }
  return best;
}

function takeHeat(view) {
  const same = heat.now && heat.now.cell_size === view.cell_size && heat.now.size === view.size;
  heat.moved = view.moves.map((moves, i) => (same ? Math.max(0, moves - heat.now.moves[i]) : 0));
  heat.now = view;
}

function drawHeat(canvas) {
  const width = canvas.clientWidth, ratio = window.devicePixelRatio || 1;
  if (!heat.now || !width) return;
  heat.columns = Math.min(width < 500 ? 32 : 64,
                          Math.max(16, Math.ceil(Math.sqrt(4 * heat.now.moves.length))));
  const rows = Math.ceil(heat.now.moves.length / heat.columns), side = width / heat.columns;
  const hottest = Math.max(1, ...heat.moved);
  canvas.width = width * ratio;
  canvas.height = rows * side * ratio;
  const draw = canvas.getContext("2d");
  draw.scale(ratio, ratio);
  const empty = getComputedStyle(document.documentElement).getPropertyValue("--line");
  heat.now.moves.forEach((_, cell) => {
    const x = (cell % heat.columns) * side, y = Math.floor(cell / heat.columns) * side;
    const owner = ownerOf(cell);
    const full = owner.all / (heat.now.cell_size / 4096);
    draw.globalAlpha = owner.node < 0 ? 0.35 : 0.3 + 0.7 * Math.sqrt(Math.min(1, full));
    draw.fillStyle = owner.node < 0 ? empty : colourOf(owner.node);
    draw.fillRect(x + 0.5, y + 0.5, side - 1, side - 1);
    if (!heat.moved[cell]) return;
    draw.globalAlpha = 1;
    draw.fillStyle = "#ffffff";
    draw.strokeStyle = "#000000";
    draw.beginPath();
    draw.arc(x + side / 2, y + side / 2,
             side * (0.12 + 0.26 * Math.sqrt(heat.moved[cell] / hottest)), 0, 2 * Math.PI);
    draw.fill();
    draw.stroke();
  });
  draw.globalAlpha = 1;
}

function describeCell(canvas, event) {
  const box = canvas.getBoundingClientRect(), side = box.width / heat.columns;
  const cell = Math.floor((event.clientY - box.top) / side) * heat.columns +
               Math.floor((event.clientX - box.left) / side);
  if (!heat.now || cell < 0 || cell >= heat.now.moves.length) return null;
  const owners = heat.now.owned.filter((one) => one.pages[cell])
    .map((one) => `node ${one.node} owns ${one.pages[cell]} pages`);
  return `From ${addressOf(cell * heat.now.cell_size)}: ${owners.join(", ") || "not in use"}; ` +
         `${heat.now.shared[cell]} pages may be on several nodes; ${heat.now.moves[cell]} moves, ` +
         `${heat.moved[cell]} of them since the last look.`;
}
