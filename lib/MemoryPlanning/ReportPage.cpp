//===- ReportPage.cpp - The picture of a plan -----------------------------===//
//
// One HTML page: the JSON of the report, and a script that draws it. No
// network, no libraries.
//
//===----------------------------------------------------------------------===//

#include "dlc/MemoryPlanning/Report.h"

using namespace dlc::memory;

static constexpr char kHead[] = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Memory plan</title>
<style>
:root { --ink: #1c2330; --soft: #66708a; --line: #d9dee8; --back: #ffffff;
  --panel: #f5f7fb; --accent: #c62f2f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf2; --soft: #98a2b8; --line: #38404f; --back: #151922;
    --panel: #1e2430; --accent: #ff6b6b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px; max-width: 1500px; color: var(--ink);
  background: var(--back); font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 20px; margin: 0 0 12px; overflow-wrap: anywhere; }
h2 { font-size: 15px; margin: 28px 0 8px; }
#summary { display: flex; flex-wrap: wrap; gap: 10px; }
#summary div { background: var(--panel); border-radius: 6px; padding: 8px 14px; }
#summary b { display: block; font-size: 17px; font-weight: 600; }
#summary span, .note { color: var(--soft); font-size: 12px; }
#tools { display: flex; gap: 12px; align-items: center; margin: 20px 0 6px;
  flex-wrap: wrap; }
input, button { font: inherit; color: inherit; background: var(--panel);
  border: 1px solid var(--line); border-radius: 5px; padding: 3px 9px; }
input { width: 260px; }
#legend { display: flex; flex-wrap: wrap; gap: 4px 14px; font-size: 12px; }
#legend i { display: inline-block; width: 11px; height: 11px; margin-right: 5px;
  border-radius: 2px; vertical-align: -1px; }
#chart { display: block; width: 100%; height: 560px; background: var(--panel);
  border-radius: 6px; cursor: crosshair; touch-action: none; }
#chart text { fill: var(--soft); font-size: 11px; }
#chart .grid { stroke: var(--line); }
#chart .slot { stroke: var(--back); stroke-width: 1; vector-effect:
  non-scaling-stroke; }
#chart .slot.peak { stroke: var(--accent); }
#chart .slot.dim { opacity: 0.12; }
#chart .slot.on { stroke: var(--ink); stroke-width: 2.5; }
#chart .peakline { stroke: var(--accent); stroke-width: 1.5;
  stroke-dasharray: 4 3; pointer-events: none; }
#chart .bound { stroke: var(--soft); stroke-dasharray: 2 4; }
#chart .peaktext { fill: var(--accent); }
#tip { position: fixed; display: none; pointer-events: none; z-index: 1;
  max-width: 460px; padding: 8px 11px; border-radius: 6px; font-size: 12px;
  background: var(--ink); color: var(--back); overflow-wrap: anywhere;
  white-space: pre-line; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 12px; }
th.w { width: 30%; }
th, td { padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
td.n, th.n { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
td .bar { display: block; height: 8px; border-radius: 2px; background: #4477aa;
  min-width: 1px; }
tr.slot-row:hover { background: var(--panel); }
</style>
</head>
<body>
<h1 id="title"></h1>
<div id="summary"></div>
<div id="tools"><input id="find" type="search"
  placeholder="Find a buffer, node or kernel" aria-label="Find">
<button id="reset" type="button">Whole plan</button>
<span class="note">wheel: zoom in time, with Shift: in addresses; drag: move</span>
<div id="legend"></div></div>
<svg id="chart" role="img" aria-label="Buffers by launch and address"></svg>
<div id="tip" role="tooltip"></div>
<h2 id="peak-title"></h2>
<table id="peak"><thead><tr><th class="n">Bytes</th><th class="n">Share</th>
<th>Buffer</th><th>Kind</th><th class="w">Node</th><th class="n">Launches</th><th>Made by</th>
</tr></thead><tbody></tbody></table>
<h2 id="weights-title"></h2>
<table id="weights"><thead><tr><th class="n">Bytes</th><th style="width:22%"></th>
<th>Layer</th><th class="n">Constants</th></tr></thead><tbody></tbody></table>
<script type="application/json" id="plan">
)html";

static constexpr char kScript[] = R"html(</script>
<script>
'use strict';
const plan = JSON.parse(document.getElementById('plan').textContent);
const $ = id => document.getElementById(id);
const make = (tag, props, parent) => {
  const node = Object.assign(document.createElement(tag), props);
  if (parent) parent.append(node);
  return node;
};
function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let u = 0;
  while (n >= 1024 && u + 1 < units.length) { n /= 1024; ++u; }
  return (u ? n.toFixed(n < 10 ? 2 : 1) : n) + ' ' + units[u];
}
const launchName = i => {
  const l = plan.launches[i];
  return i + (l ? ' ' + l.kernel + (l.node ? ', ' + l.node : '') : '');
};

// --- Numbers ----------------------------------------------------------------
document.title = $('title').textContent = 'Memory plan' +
  (plan.title ? ' of ' + plan.title : '');
const ratio = plan.lower_bound_bytes ?
  plan.arena_bytes / plan.lower_bound_bytes : 1;
for (const [name, value] of [['weights', bytes(plan.weights_bytes)],
    ['arena', bytes(plan.arena_bytes)],
    ['lower bound', bytes(plan.lower_bound_bytes)],
    ['arena / bound', ratio.toFixed(4)], ['buffers', plan.slots.length],
    ['launches', plan.launches.length || '–']]) {
  const box = make('div', {}, $('summary'));
  make('b', {textContent: value}, box);
  make('span', {textContent: name}, box);
}

// --- Colours by kind, those with the most bytes first -----------------------
const palette = ['#4477aa', '#ee9944', '#55aa77', '#aa6699', '#66bbdd',
  '#bbaa33', '#dd7788', '#7777cc', '#997755', '#449999', '#88aa44'];
const byKind = new Map();
for (const s of plan.slots) byKind.set(s.kind, (byKind.get(s.kind) || 0) + s.size);
const kinds = [...byKind].sort((a, b) => b[1] - a[1]).map(k => k[0]);
const colour = kind => {
  const i = kinds.indexOf(kind);
  return i < palette.length ? palette[i] : '#8890a0';
};
kinds.forEach((kind, i) => {
  if (i > palette.length) return;
  const item = make('span', {}, $('legend'));
  make('i', {}, item).style.background = colour(kind);
  item.append(i < palette.length ? kind || 'buffer' : 'other');
});

// --- The chart: time to the right, addresses up ----------------------------
const NS = 'http://www.w3.org/2000/svg';
const svg = $('chart');
const el = (tag, attrs, parent) => {
  const node = document.createElementNS(NS, tag);
  for (const k in attrs) node.setAttribute(k, attrs[k]);
  if (parent) parent.append(node);
  return node;
};
const margin = {left: 84, right: 16, top: 22, bottom: 34};
let times = [Infinity, -Infinity];
for (const s of plan.slots) {
  times[0] = Math.min(times[0], s.first);
  times[1] = Math.max(times[1], s.last + 1);
}
if (plan.launches.length) times = [0, Math.max(plan.launches.length, 1)];
if (!(times[0] < times[1])) times = [0, 1];
const whole = {t0: times[0], t1: times[1], a0: 0,
  a1: Math.max(plan.arena_bytes, 1)};
let view = {...whole};
const peakSet = new Set(plan.peak.slots);
const clip = el('clipPath', {id: 'inside'}, svg);
const clipRect = el('rect', {}, clip);
const axes = el('g', {}, svg);
const area = el('g', {'clip-path': 'url(#inside)'}, svg);
const rects = plan.slots.map((s, i) => el('rect', {
  class: 'slot' + (peakSet.has(i) ? ' peak' : ''), 'data-slot': i,
  fill: colour(s.kind)}, area));
const peakLine = el('line', {class: 'peakline', id: 'peak-line'}, area);
const bound = el('line', {class: 'bound'}, area);

function ticks(from, to, count, binary) {
  let step = 1;
  const wish = (to - from) / count;
  if (binary) while (step < wish) step *= 2;
  else {
    step = Math.max(1, Math.pow(10, Math.floor(Math.log10(wish))));
    for (const m of [1, 2, 5, 10]) if (step * m >= wish) { step *= m; break; }
  }
  const result = [];
  for (let v = Math.ceil(from / step) * step; v <= to; v += step) result.push(v);
  return result;
}
let x, y, size;
function draw() {
  size = svg.getBoundingClientRect();
  const w = size.width - margin.left - margin.right;
  const h = size.height - margin.top - margin.bottom;
  x = t => margin.left + (t - view.t0) / (view.t1 - view.t0) * w;
  y = a => margin.top + h - (a - view.a0) / (view.a1 - view.a0) * h;
  const set = (node, attrs) => { for (const k in attrs) node.setAttribute(k, attrs[k]); };
  set(clipRect, {x: margin.left, y: 0, width: Math.max(w, 0), height: h + margin.top});
  plan.slots.forEach((s, i) => set(rects[i], {
    x: x(s.first), y: y(s.offset + s.size),
    width: Math.max(x(s.last + 1) - x(s.first), 0.5),
    height: Math.max(y(s.offset) - y(s.offset + s.size), 0.5)}));
  const p = x(plan.peak.launch + 0.5);
  set(peakLine, {x1: p, x2: p, y1: margin.top, y2: margin.top + h});
  const b = y(plan.lower_bound_bytes);
  set(bound, {x1: margin.left, x2: margin.left + w, y1: b, y2: b});
  axes.replaceChildren();
  for (const t of ticks(view.t0, view.t1, w / 90, false)) {
    el('line', {class: 'grid', x1: x(t), x2: x(t), y1: margin.top,
      y2: margin.top + h}, axes);
    el('text', {x: x(t), y: margin.top + h + 15, 'text-anchor': 'middle'},
      axes).textContent = t;
  }
  for (const a of ticks(view.a0, view.a1, h / 50, true)) {
    el('line', {class: 'grid', x1: margin.left, x2: margin.left + w, y1: y(a),
      y2: y(a)}, axes);
    el('text', {x: margin.left - 7, y: y(a) + 4, 'text-anchor': 'end'},
      axes).textContent = bytes(a);
  }
  el('text', {x: margin.left + w, y: margin.top + h + 29, 'text-anchor': 'end'},
    axes).textContent = plan.launches.length ? 'launch' : 'time';
  if (plan.slots.length && plan.peak.launch >= view.t0 && plan.peak.launch < view.t1)
    el('text', {class: 'peaktext', y: 14, x: p,
      'text-anchor': p < size.width / 2 ? 'start' : 'end'}, axes).textContent =
      'peak ' + bytes(plan.peak.bytes) + ' at launch ' + launchName(plan.peak.launch);
}
let pending = false;
function redraw() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => { pending = false; draw(); });
}
function limit(lo, hi, least, most, smallest) {
  const span = Math.min(Math.max(hi - lo, smallest), most - least);
  lo = Math.min(Math.max(lo, least), most - span);
  return [lo, lo + span];
}
function show(t0, t1, a0, a1) {
  [t0, t1] = limit(t0, t1, whole.t0, whole.t1, 1);
  [a0, a1] = limit(a0, a1, whole.a0, whole.a1, 16);
  view = {t0, t1, a0, a1};
  redraw();
}
svg.addEventListener('wheel', event => {
  event.preventDefault();
  const factor = Math.exp((event.deltaY || event.deltaX) * 0.0015);
  const zoom = (lo, hi, at) => [at - (at - lo) * factor, at + (hi - at) * factor];
  const fx = (event.clientX - size.left - margin.left) /
    (size.width - margin.left - margin.right);
  const fy = 1 - (event.clientY - size.top - margin.top) /
    (size.height - margin.top - margin.bottom);
  let {t0, t1, a0, a1} = view;
  if (event.shiftKey) [a0, a1] = zoom(a0, a1, a0 + fy * (a1 - a0));
  else [t0, t1] = zoom(t0, t1, t0 + fx * (t1 - t0));
  show(t0, t1, a0, a1);
}, {passive: false});
let drag = null;
svg.addEventListener('pointerdown', event => {
  drag = {x: event.clientX, y: event.clientY, view: {...view}};
});
addEventListener('pointerup', () => { drag = null; });

// --- Hover ------------------------------------------------------------------
function list(launches) {
  const shown = launches.slice(0, 8).map(launchName);
  if (launches.length > 8) shown.push('and ' + (launches.length - 8) + ' more');
  return shown.join('\n  ');
}
function describe(s) {
  const lines = [s.name + (s.kind ? ' (' + s.kind + ')' : ''),
    bytes(s.size) + ' = ' + s.size + ' bytes at ' + s.offset,
    'launches ' + s.first + ' to ' + s.last];
  if (s.node) lines.push('node: ' + s.node);
  if (s.writers.length) lines.push('made by: ' + list(s.writers));
  if (s.readers.length) lines.push('read by: ' + list(s.readers));
  return lines.join('\n');
}
let over = null;
function hover(index) {
  if (over !== null) rects[over].classList.remove('on');
  over = index;
  if (over !== null) rects[over].classList.add('on');
}
svg.addEventListener('pointermove', event => {
  if (drag) {
    const v = drag.view;
    const dt = (event.clientX - drag.x) / (size.width - margin.left - margin.right) *
      (v.t1 - v.t0);
    const da = (event.clientY - drag.y) / (size.height - margin.top - margin.bottom) *
      (v.a1 - v.a0);
    show(v.t0 - dt, v.t1 - dt, v.a0 + da, v.a1 + da);
  }
  const index = event.target.dataset ? event.target.dataset.slot : undefined;
  const tip = $('tip');
  hover(index === undefined ? null : +index);
  if (over === null) { tip.style.display = 'none'; return; }
  tip.textContent = describe(plan.slots[over]);
  tip.style.display = 'block';
  const right = event.clientX + 16 + tip.offsetWidth > innerWidth;
  const low = event.clientY + 16 + tip.offsetHeight > innerHeight;
  tip.style.left = Math.max(event.clientX + (right ? -16 - tip.offsetWidth : 16), 0) + 'px';
  tip.style.top = Math.max(event.clientY + (low ? -16 - tip.offsetHeight : 16), 0) + 'px';
});
svg.addEventListener('pointerleave', () => {
  hover(null);
  $('tip').style.display = 'none';
});
const texts = plan.slots.map(s => describe(s).toLowerCase());
$('find').addEventListener('input', () => {
  const wanted = $('find').value.trim().toLowerCase();
  rects.forEach((r, i) => r.classList.toggle('dim', !texts[i].includes(wanted)));
});
$('reset').addEventListener('click', () => { view = {...whole}; redraw(); });
addEventListener('resize', redraw);

// --- Tables -----------------------------------------------------------------
const cell = (row, text, numeric) => make('td', {textContent: text,
  className: numeric ? 'n' : ''}, row);
const top10 = plan.peak.slots.slice(0, 10);
$('peak-title').textContent = plan.slots.length ?
  'What holds the peak of ' + bytes(plan.peak.bytes) + ' at launch ' +
  launchName(plan.peak.launch) : 'The arena is empty';
for (const i of top10) {
  const s = plan.slots[i];
  const row = make('tr', {className: 'slot-row'}, $('peak').tBodies[0]);
  cell(row, bytes(s.size), true);
  cell(row, (100 * s.size / plan.peak.bytes).toFixed(1) + ' %', true);
  cell(row, s.name);
  cell(row, s.kind);
  cell(row, s.node);
  cell(row, s.first + '–' + s.last, true);
  cell(row, s.writers.slice(0, 3).map(launchName).join('; '));
  row.addEventListener('mouseenter', () => hover(i));
  row.addEventListener('mouseleave', () => hover(null));
}
if (plan.peak.slots.length > 10) {
  const row = make('tr', {}, $('peak').tBodies[0]);
  const rest = plan.peak.slots.slice(10).reduce((n, i) => n + plan.slots[i].size, 0);
  cell(row, bytes(rest), true);
  cell(row, (100 * rest / plan.peak.bytes).toFixed(1) + ' %', true);
  cell(row, 'and ' + (plan.peak.slots.length - 10) + ' more').colSpan = 5;
}
const layers = new Map();
for (const c of plan.constants) {
  const l = plan.launches[c.readers[0]];
  const name = (l && (l.node || l.kernel)) || c.node || c.name;
  const layer = layers.get(name) || {size: 0, count: 0};
  layer.size += c.size;
  ++layer.count;
  layers.set(name, layer);
}
const sorted = [...layers].sort((a, b) => b[1].size - a[1].size);
$('weights-title').textContent = sorted.length ?
  bytes(plan.weights_bytes) + ' of weights by the layer that reads them first' :
  'No weights';
$('weights').hidden = !sorted.length;
$('peak').hidden = !plan.slots.length;
for (const [name, layer] of sorted.slice(0, 400)) {
  const row = make('tr', {}, $('weights').tBodies[0]);
  cell(row, bytes(layer.size), true);
  const bar = make('span', {className: 'bar'}, cell(row, ''));
  bar.style.width = 100 * layer.size / (sorted[0][1].size || 1) + '%';
  cell(row, name);
  cell(row, layer.count, true);
}
draw();
document.body.dataset.ready = rects.length;
</script>
</body>
</html>
)html";

void dlc::memory::writePage(std::ostream &out, const Report &report) {
  out << kHead;
  writeJson(out, report);
  out << kScript;
}
