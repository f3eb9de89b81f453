// SPDX-License-Identifier: GPL-2.0-or-later
// Requests to ssid, and what all parts of the page need.
"use strict";

// Of the loopback listener: behind the "#" of the address, which no server sees.
const token = (() => {
  if (location.hash.startsWith("#")) {
    const given = location.hash.slice(1);
    if (/^[0-9a-f]{32}$/.test(given)) sessionStorage.setItem("ssid-token", given);
    if (given) history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("ssid-token");
})();

const headers = () => (token ? { Authorization: `Bearer ${token}` } : {});

const byId = (id) => document.getElementById(id);

// A new element with attributes and children; a text is no markup.
function make(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "rect", "line", "text", "path", "title"].includes(name);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name)
                   : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

async function ask(path) {
  const answer = await fetch(path, { headers: headers() });
  if (answer.headers.get("Content-Type")?.startsWith("application/json")) {
    const body = await answer.json();
    if (body.error) throw new Error(body.error.message);
    return body;
  }
  return answer.text();
}

// Server-sent events. EventSource cannot send the token, so this reads the stream.
async function follow(path, take) {
  let last = 0;
  for (;;) {
    try {
      const answer = await fetch(`${path}?after=${last}`, { headers: headers() });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const parts = (rest + value).split("\n\n");
        rest = parts.pop();
        for (const part of parts) {
          const field = Object.fromEntries(part.split("\n").map((line) => {
            const at = line.indexOf(": ");
            return [line.slice(0, at), line.slice(at + 2)];
          }));
          if (field.id) last = Number(field.id);
          if (field.event) take(field.event, JSON.parse(field.data));
        }
      }
    } catch (error) {
      byId("trouble").textContent = `ssid does not answer: ${error.message}`;
      byId("trouble").hidden = false;
    }
    await new Promise((go) => setTimeout(go, 2000));
  }
}

// Colours of nodes that people with a weakness for red and green can tell apart (Okabe, Ito).
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a600", "#7d7d7d"];
const colourOf = (node) => COLOURS[node % COLOURS.length];

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${value < 10 && unit ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

function microseconds(value) {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} s`;
  if (value >= 1e3) return `${(value / 1e3).toPrecision(3)} ms`;
  return `${Math.round(value)} µs`;
}

function number(value) {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (value >= 1e3) return `${(value / 1e3).toPrecision(3)} k`;
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toPrecision(2);
}

function percent(value) {
  const all = value * 100;
  return `${all >= 10 || all === 0 ? Math.round(all) : all.toPrecision(2)} %`;
}

// Guest-physical address of an offset in the guest's memory, which has a hole below 4 GiB.
const HOLE = 0xb0000000;
const addressOf = (offset) => `0x${(offset < HOLE ? offset : offset + 2 ** 32 - HOLE).toString(16)}`;
