//===- GraphPage.cpp - The page that draws two graphs ---------------------===//
//
// One HTML page: the graphs as JSON, and a script that lays them out and draws
// what is in sight. No network, no libraries.
//
//===----------------------------------------------------------------------===//

#include "GraphView.h"

using namespace dlc;

static constexpr char kHead[] = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Graph</title>
<style>
:root { --ink: #1c2330; --soft: #66708a; --line: #c4cbd8; --back: #ffffff;
  --panel: #f5f7fb; --accent: #c62f2f; --box: #dfe9fb; --heavy: #f7c59f;
  --io: #d6efdc; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf2; --soft: #98a2b8; --line: #4a5366; --back: #151922;
    --panel: #1e2430; --accent: #ff6b6b; --box: #2c3d5e; --heavy: #7a4a22;
    --io: #22492f; } }
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: flex; flex-direction: column;
  color: var(--ink); background: var(--back); font: 13px/1.4 system-ui, sans-serif; }
header { display: flex; gap: 14px; align-items: center; padding: 10px 14px;
  flex-wrap: wrap; }
h1 { font-size: 16px; margin: 0; overflow-wrap: anywhere; }
input, button { font: inherit; color: inherit; background: var(--panel);
  border: 1px solid var(--line); border-radius: 5px; padding: 3px 9px; }
main { flex: 1; display: grid; grid-template-columns: 1fr 1fr; gap: 8px;
  padding: 0 8px; min-height: 0; }
section { position: relative; background: var(--panel); border-radius: 6px;
  overflow: hidden; }
section h2 { position: absolute; margin: 8px 12px; font-size: 12px; z-index: 1;
  color: var(--soft); font-weight: 600; pointer-events: none; }
canvas { position: absolute; width: 100%; height: 100%; cursor: grab;
  touch-action: none; }
footer { padding: 8px 14px; min-height: 62px; max-height: 25vh; overflow: auto;
  white-space: pre-line; overflow-wrap: anywhere; }
footer b { font-weight: 600; } .soft { color: var(--soft); }
</style>
</head>
<body>
<header><h1 id="title"></h1><input id="find" placeholder="find a node">
<button id="fit">whole graph</button><span class="soft" id="summary"></span></header>
<main>
<section><h2>before fusion</h2><canvas id="before"></canvas></section>
<section><h2>after fusion: a box is a kernel, warm ones do most of the work</h2>
<canvas id="after"></canvas></section>
</main>
<footer id="detail" class="soft">Click a box. Drag moves, the wheel zooms.</footer>
<script>
'use strict';
const data = )html";

static constexpr char kTail[] = R"html(;
const W = 190, H = 44, GX = 24, GY = 46;
const $ = id => document.getElementById(id);
const number = (n, unit) => {
  const names = ['', 'K', 'M', 'G', 'T'];
  let i = 0;
  while (n >= 1000 && i < 4) { n /= 1000; ++i; }
  return (i ? n.toFixed(n < 10 ? 2 : 1) : n) + ' ' + names[i] + unit;
};
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Layers by the longest way from an input; in a layer by the middle of what is before.
function layout(graph) {
  const ins = graph.nodes.map(() => []), outs = graph.nodes.map(() => []);
  for (const e of graph.edges) { ins[e.to].push(e.from); outs[e.from].push(e.to); }
  const layers = [];
  graph.nodes.forEach((n, i) => {
    n.id = i;
    n.layer = ins[i].reduce((l, p) => Math.max(l, graph.nodes[p].layer + 1), 0);
  });
  // What nothing comes before belongs close to what uses it.
  graph.nodes.forEach((n, i) => {
    if (!ins[i].length && outs[i].length)
      n.layer = Math.max(0, Math.min(...outs[i].map(o => graph.nodes[o].layer)) - 1);
    (layers[n.layer] = layers[n.layer] || []).push(n);
  });
  const place = layer => layer.forEach((n, k) => { n.x = (k - (layer.length - 1) / 2) * (W + GX); });
  for (let y = 0; y < layers.length; ++y) {
    const layer = layers[y] || (layers[y] = []);
    const middle = n => ins[n.id].length
      ? ins[n.id].reduce((s, p) => s + graph.nodes[p].x, 0) / ins[n.id].length : 0;
    layer.forEach(n => { n.order = middle(n); });
    layer.sort((a, b) => a.order - b.order || a.id - b.id);
    place(layer);
    layer.forEach(n => { n.y = y * (H + GY); });
  }
  graph.layers = layers;
}

class View {
  constructor(id, graph) {
    this.canvas = $(id); this.graph = graph; this.scale = 1; this.x = 0; this.y = 0;
    layout(graph);
    this.most = Math.max(1, ...graph.nodes.map(n => n.flops || 0));
    this.canvas.addEventListener('wheel', e => {
      e.preventDefault();
      const f = Math.exp(-e.deltaY * 0.0015), s = Math.min(3, Math.max(0.01, this.scale * f));
      const k = s / this.scale;
      this.x = e.offsetX - (e.offsetX - this.x) * k; this.y = e.offsetY - (e.offsetY - this.y) * k;
      this.scale = s; redraw();
    }, {passive: false});
    let drag = null;
    this.canvas.addEventListener('pointerdown', e => {
      drag = [e.offsetX, e.offsetY, this.x, this.y];
      try { this.canvas.setPointerCapture(e.pointerId); } catch (error) { /* made by a script */ }
    });
    this.canvas.addEventListener('pointermove', e => {
      if (!drag) return;
      this.x = drag[2] + e.offsetX - drag[0]; this.y = drag[3] + e.offsetY - drag[1]; redraw();
    });
    this.canvas.addEventListener('pointerup', e => {
      const moved = drag && Math.hypot(e.offsetX - drag[0], e.offsetY - drag[1]) > 4;
      drag = null;
      if (!moved) choose(this, this.at(e.offsetX, e.offsetY));
    });
  }
  at(px, py) {
    const x = (px - this.x) / this.scale, y = (py - this.y) / this.scale;
    return this.graph.nodes.find(n => Math.abs(x - n.x) <= W / 2 && y >= n.y && y <= n.y + H) || null;
  }
  fit() {
    const xs = this.graph.nodes.map(n => n.x), ys = this.graph.nodes.map(n => n.y);
    if (!xs.length) return;
    const left = Math.min(...xs) - W, right = Math.max(...xs) + W, bottom = Math.max(...ys) + H;
    const w = this.canvas.clientWidth, h = this.canvas.clientHeight;
    this.scale = Math.min(1, w / (right - left), (h - 50) / (bottom + 40));
    this.x = w / 2 - (left + right) / 2 * this.scale; this.y = 34;
  }
  // All of it, or of a tall one the beginning.
  begin() {
    this.fit();
    if (this.scale < 0.5 && this.graph.nodes.length) {
      this.scale = 0.6;
      this.x = this.canvas.clientWidth / 2 - this.graph.layers[0][0].x * this.scale;
    }
  }
  show(node) {
    this.scale = Math.max(this.scale, 0.7);
    this.x = this.canvas.clientWidth / 2 - node.x * this.scale;
    this.y = this.canvas.clientHeight / 2 - (node.y + H / 2) * this.scale;
  }
  draw() {
    const ratio = devicePixelRatio || 1, w = this.canvas.clientWidth, h = this.canvas.clientHeight;
    this.canvas.width = w * ratio; this.canvas.height = h * ratio;
    const c = this.canvas.getContext('2d');
    c.setTransform(this.scale * ratio, 0, 0, this.scale * ratio, this.x * ratio, this.y * ratio);
    const left = -this.x / this.scale - W, right = (w - this.x) / this.scale + W;
    const top = -this.y / this.scale - 2 * H, bottom = (h - this.y) / this.scale + 2 * H;
    const fine = this.scale > 0.45;
    c.strokeStyle = css('--line'); c.lineWidth = Math.max(1, 0.6 / this.scale);
    c.font = '10px system-ui, sans-serif'; c.fillStyle = css('--soft'); c.textAlign = 'center';
    for (const e of this.graph.edges) {
      const a = this.graph.nodes[e.from], b = this.graph.nodes[e.to];
      if (b.y < top || a.y > bottom || Math.max(a.x, b.x) < left || Math.min(a.x, b.x) > right) continue;
      c.beginPath(); c.moveTo(a.x, a.y + H);
      const bend = Math.min(40, (b.y - a.y - H) / 2);
      c.bezierCurveTo(a.x, a.y + H + bend, b.x, b.y - bend, b.x, b.y); c.stroke();
      if (fine) c.fillText(e.shape, b.x + (a.x - b.x) * 0.25, b.y - 10 - (b.y - a.y - H) * 0.15);
    }
    const colors = {box: css('--box'), heavy: css('--heavy'), io: css('--io')};
    for (const n of this.graph.nodes) {
      if (n.y < top || n.y > bottom || n.x < left || n.x > right) continue;
      c.globalAlpha = found && !found(n) ? 0.2 : 1;
      c.fillStyle = n.kind === 'input' || n.kind === 'output' ? colors.io
        : n.flops > this.most / 10 ? colors.heavy : colors.box;
      c.beginPath(); c.roundRect(n.x - W / 2, n.y, W, H, 6); c.fill();
      if (chosen.has(n)) {
        c.strokeStyle = css('--accent'); c.lineWidth = 3; c.stroke();
      }
      if (!fine) continue;
      c.fillStyle = css('--ink'); c.font = '600 11px system-ui, sans-serif';
      c.fillText(cut(n.fused && n.fused.length > 1 ? n.fused.length + ' fused: ' + n.label : n.label, 30),
                 n.x, n.y + 14);
      c.font = '10px system-ui, sans-serif'; c.fillStyle = css('--soft');
      c.fillText(cut(n.kind + '  ' + n.shape, 38), n.x, n.y + 27);
      if (n.bytes !== undefined)
        c.fillText(number(n.bytes, 'B') + (n.flops ? ', ' + number(n.flops, 'FLOP') : ''), n.x, n.y + 39);
    }
    c.globalAlpha = 1;
  }
}
const cut = (text, length) => text.length > length ? text.slice(0, length - 1) + '…' : text;

let chosen = new Set(), found = null;
const views = [new View('before', data.before), new View('after', data.after)];
// A kernel and what was fused into it belong together.
function choose(view, node) {
  chosen = new Set(node ? [node] : []);
  const detail = $('detail');
  detail.textContent = '';
  if (node) {
    const names = new Set(node.fused || [node.label]);
    for (const n of data.before.nodes) if (node.fused && names.has(n.label)) chosen.add(n);
    for (const n of data.after.nodes)
      if (view === views[0] && (n.fused || []).includes(node.label)) chosen.add(n);
    const title = document.createElement('b');
    title.textContent = node.label + '\n';
    const lines = [node.kind + ' → ' + node.shape];
    if (node.bytes !== undefined)
      lines.push(number(node.bytes, 'B') + ' read and written, ' + number(node.weights, 'B') + ' of them weights'
        + (node.flops === undefined ? '' : ', ' + number(node.flops, 'FLOP') + ', '
           + (node.flops / Math.max(1, node.bytes)).toFixed(2) + ' FLOP/B'));
    if (node.fused) lines.push('fused: ' + node.fused.join(', '));
    detail.append(title, lines.join('\n'));
  }
  redraw();
}
$('find').addEventListener('input', e => {
  const text = e.target.value.toLowerCase();
  found = text ? n => (n.label + ' ' + n.kind + ' ' + (n.fused || []).join(' ')).toLowerCase().includes(text) : null;
  if (found) for (const view of views) {
    const node = view.graph.nodes.find(found);
    if (node) view.show(node);
  }
  redraw();
});
$('fit').addEventListener('click', () => { views.forEach(v => v.fit()); redraw(); });
let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; views.forEach(v => v.draw()); });
}
addEventListener('resize', redraw);
const total = (graph, key) => graph.nodes.reduce((s, n) => s + (n[key] || 0), 0);
const count = graph => graph.nodes.filter(n => n.kind !== 'input' && n.kind !== 'output').length;
document.title = data.title;
$('title').textContent = data.title;
$('summary').textContent = count(data.before) + ' operations that move ' + number(total(data.before, 'bytes'), 'B')
  + ' → ' + count(data.after) + ' kernels that move ' + number(total(data.after, 'bytes'), 'B')
  + ' for ' + number(total(data.after, 'flops'), 'FLOP');
views.forEach(v => v.begin());
redraw();
</script>
</body>
</html>
)html";

void dlc::writeGraphPage(llvm::StringRef title, llvm::json::Object before,
                         llvm::json::Object after, llvm::raw_ostream &os) {
  llvm::json::Object data{{"title", llvm::json::fixUTF8(title)},
                          {"before", std::move(before)},
                          {"after", std::move(after)}};
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::json::Value(std::move(data));
  os << kHead;
  // Nothing in a name may end the script.
  for (char c : text)
    if (c == '<')
      os << "\\u003c";
    else
      os << c;
  os << kTail;
}
