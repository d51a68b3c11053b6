# REQUIRES: chromium
# RUN: rm -rf %t && mkdir %t && %python %s %t
"""The page of dlc view in a browser, with 2,000 nodes: it draws, finds, zooms and connects a
kernel with what was fused into it."""
import html
import json
import re
import subprocess
import sys
from pathlib import Path

folder = Path(sys.argv[1]).resolve()
OPS = 2000
# The page of a small network; then its data are those of a large one, which would take long to
# compile: a chain of operations in which each third one also reads the input, two to a kernel.
(folder / "net.mlir").write_text("""
func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %r = nn.tanh %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}""")
subprocess.run(["dlc", "view", folder / "net.mlir", "-o", folder / "long.html"], check=True)


def graph(count, node):
    nodes = [{"label": "x", "kind": "input", "shape": "4x8xf32"}] + [node(i) for i in range(count)]
    nodes.append({"label": "y", "kind": "output", "shape": "4x8xf32"})
    edges = [{"from": i, "to": i + 1, "shape": "4x8xf32"} for i in range(count + 1)]
    edges += [{"from": 0, "to": i, "shape": "4x8xf32"} for i in range(3, count, 3)]
    return {"nodes": nodes, "edges": edges}


DATA = {
    "title": "long",
    "before": graph(OPS, lambda i: {"label": "n%d (Op)" % i, "kind": "add", "shape": "4x8xf32",
                                    "bytes": 384, "weights": 0}),
    "after": graph(OPS // 2, lambda i: {"label": "n%d (Op)" % (2 * i), "kind": "map_4x8", "shape": "4x8xf32",
                                        "bytes": 384, "weights": 0, "flops": 64,
                                        "fused": ["n%d (Op)" % (2 * i), "n%d (Op)" % (2 * i + 1)]})}

# Runs in the page after its own script.
PROBE = """<script>
const result = {external: performance.getEntriesByType('resource').length};
result.before = data.before.nodes.length; result.kernels = count(data.after);
const start = performance.now();
views.forEach(v => v.draw());
result.ms = performance.now() - start;
const ink = () => {
  const c = views[0].canvas.getContext('2d').getImageData(0, 0, views[0].canvas.width, views[0].canvas.height).data;
  let n = 0;
  for (let i = 3; i < c.length; i += 4) n += c[i] > 0;
  return n;
};
result.ink = ink();
$('find').value = 'n1234 ';
$('find').dispatchEvent(new Event('input'));
views.forEach(v => v.draw());
result.scale = views[0].scale;
const v = views[0], at = {bubbles: true, clientX: 0, clientY: 0, pointerId: 1};
const box = v.canvas.getBoundingClientRect();
at.clientX = box.left + box.width / 2; at.clientY = box.top + box.height / 2;
v.canvas.dispatchEvent(new PointerEvent('pointerdown', at));
v.canvas.dispatchEvent(new PointerEvent('pointerup', at));
result.detail = $('detail').textContent;
result.chosen = chosen.size;
const scale = v.scale;
v.canvas.dispatchEvent(new WheelEvent('wheel', {deltaY: -300, clientX: at.clientX, clientY: at.clientY, cancelable: true}));
result.zoom = v.scale / scale;
document.title = 'done';
const pre = document.createElement('pre');
pre.id = 'probe'; pre.textContent = JSON.stringify(result);
document.body.append(pre);
</script>"""
page = (folder / "long.html").read_text()
page, replaced = re.subn(r"^const data = .*;$", lambda _: "const data = %s;" % json.dumps(DATA), page, flags=re.M)
assert replaced == 1
(folder / "probe.html").write_text(page.replace("</body>", PROBE + "</body>"))
text = subprocess.run(
    ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=%s/profile" % folder,
     "--window-size=1400,900", "--virtual-time-budget=5000", "--dump-dom", "file://%s/probe.html" % folder],
    capture_output=True, text=True, timeout=300, check=True).stdout
result = json.loads(html.unescape(re.search(r'<pre id="probe">(.*?)</pre>', text, re.S).group(1)))
print(result)
assert result["external"] == 0
assert result["before"] == OPS + 2 and result["kernels"] == OPS // 2
assert result["ms"] < 2000 and result["ink"] > 100
assert result["scale"] >= 0.7 and result["zoom"] > 1.2
assert "n1234 (Op)" in result["detail"] and "read and written" in result["detail"]
assert result["chosen"] == 2, "the operation and its kernel"
