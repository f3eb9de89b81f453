// SPDX-License-Identifier: GPL-2.0-or-later
// The page: asks ssid again and again, and draws.
"use strict";

const EVENTS_MAX = 100, CONSOLE_MAX = 40000;
let nodes = [];

function legend(place) {
  place.replaceChildren(...nodes.map((node) => {
    const box = make("i");
    box.style.background = colourOf(node.id);
    return make("span", {}, box, `node ${node.id}`);
  }));
}

function showCluster(view) {
  nodes = view.nodes;
  byId("cluster").textContent = view.cluster ? `Cluster ${view.cluster}` : "No cluster";
  document.title = `${view.health} – ${view.cluster ?? "SSI"}`;
  byId("health").textContent = view.health;
  byId("health").className = `badge ${view.health}`;
  byId("problems").replaceChildren(...view.problems.map((text) => make("li", {}, text)));
  drawTopology(byId("topology"), nodes);
  legend(byId("heat-legend"));
}

async function showHistory() {
  const all = await Promise.all(nodes.map((node) =>
    ask(`/nodes/${node.id}/history`).catch(() => ({ node: node.id, samples: [] }))));
  const lines = (key, thin) => all.map((one) => ({
    colour: colourOf(one.node), thin, points: one.samples.map((sample) => [sample.time, sample[key]]),
  }));
  drawLines(byId("faults"), lines("remote"), number);
  drawLines(byId("latency"), [...lines("p50_us", true), ...lines("p99_us")], microseconds,
            { log: true });
  drawLines(byId("ratio"), lines("miss_ratio"), percent);
  drawLines(byId("traffic"), lines("rx_bytes"), bytes, { base: 1024 });
}

async function showHeat() {
  if (!nodes.some((node) => node.region)) return;
  takeHeat(await ask("/heat?cells=1024"));
  if (byId("heat").hidden) {
    byId("heat").hidden = false;
    byId("heat-cell").textContent = "Touch a cell to see what is in it.";
  }
  drawHeat(byId("heat"));
  byId("cell-size").textContent =
    `${bytes(heat.now.cell_size)} (a row: ${bytes(heat.columns * heat.now.cell_size)})`;
}

// The end of the console, without what moves a terminal's cursor and sets its colours.
async function showConsole() {
  const first = nodes[0]?.id ?? 0, place = byId("console");
  const text = (await ask(`/nodes/${first}/console`)).slice(-CONSOLE_MAX);
  const plain = text.replace(/\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])/g, "").replace(/\r/g, "");
  const atEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 20;
  const shown = plain || "The guest has printed nothing here yet.";
  if (place.textContent === shown) return;
  place.textContent = shown;
  if (atEnd) place.scrollTop = place.scrollHeight;
}

const SENTENCES = {
  health: (data) => `The cluster is ${data.health}. ${data.problems.join(" ")}`,
  node: (data) => `Node ${data.id} is ${data.state}${data.exit ? `: ${data.exit.reason}` : ""}.` +
    data.links.map((link) => ` Link to node ${link.peer}: ${link.state}.`).join(""),
  job: (data) => `${data.kind}: ${data.state}${data.error ? `: ${data.error.message}` : ""}`,
  guest: (data) => `Guest, on node ${data.node}: ` +
    (data.event === "state" ? data.state : data.event) + (data.cause ? `, ${data.cause}` : "") + ".",
};

function showEvent(type, data) {
  const list = byId("events"), when = new Date(data.time * 1000);
  const sentence = (SENTENCES[type] ?? JSON.stringify)(data);
  list.querySelector(".hint")?.remove();
  list.prepend(make("li", {}, make("time", { datetime: when.toISOString() },
                                   when.toLocaleTimeString()), sentence));
  while (list.children.length > EVENTS_MAX) list.lastElementChild.remove();
  refresh.now();
}

// Run a function again and again, never twice at a time; a failure is shown.
function every(seconds, run) {
  let running = false;
  const once = async () => {
    if (running || document.hidden) return;
    running = true;
    try {
      await run();
      byId("trouble").hidden = true;
    } catch (error) {
      byId("trouble").textContent = error.message;
      byId("trouble").hidden = nodes.length === 0;
    }
    running = false;
  };
  once();
  setInterval(once, seconds * 1000);
  return once;
}

const refresh = { now: () => {} };

async function start() {
  const showNow = async () => showCluster(await ask("/cluster"));
  try {
    await showNow();
  } catch (error) {
    byId("trouble").textContent = error.message;
    byId("trouble").hidden = false;
  }
  refresh.now = every(5, showNow);
  every(2, showHistory);
  every(4, () => showHeat().catch(() => {}));
  every(3, () => showConsole().catch(() => {}));
  follow("/events", showEvent);
  window.addEventListener("resize", () => drawHeat(byId("heat")));
  byId("heat").addEventListener("pointerdown", (event) => {
    byId("heat-cell").textContent = describeCell(byId("heat"), event) ?? "There is no cell.";
  });
}

start();
