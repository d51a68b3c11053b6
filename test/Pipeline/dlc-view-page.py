# REQUIRES: chromium
# RUN: rm -rf %t && mkdir %t && %python %s %t
"""The page of dlc view in a browser, with 2,000 nodes: it draws, finds, zooms and connects a
kernel with what was fused into it."""
import html
import json
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

folder = Path(sys.argv[1]).resolve()
OPS = 2000
# Blocks of four: a product, a bias, an activation, and what the block began with.
lines, last = [], "%x"
for i in range(0, OPS, 4):
    for k, text in enumerate((
            "nn.matmul %s, %%w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>" % last,
            "nn.add %%v%d, %%b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>" % i,
            "nn.relu %%v%d : (tensor<4x8xf32>) -> tensor<4x8xf32>" % (i + 1),
            "nn.add %%v%d, %s : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>" % (i + 2, last))):
        lines.append('%%v%d = %s loc("n%d (Op)"(#loc))' % (i + k, text, i + k))
    last = "%%v%d" % (i + 3)
(folder / "long.mlir").write_text("""
#loc = loc("long.onnx":0:0)
func.func @main(%%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %%w = nn.constant dense<%s> : tensor<8x8xf32>
  %%b = nn.constant dense<[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]> : tensor<8xf32>
  %s
  return %s : tensor<4x8xf32>
}""" % ([[(i * j % 5) * 0.25 for i in range(8)] for j in range(8)], "\n  ".join(lines), last))
before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
subprocess.run(["dlc", "view", folder / "long.mlir", "-o", folder / "long.html"], check=True)
seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
# about 2 without sanitizers; a step that looks at all operations for each takes a minute
assert seconds < 20, seconds

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
(folder / "probe.html").write_text(page.replace("</body>", PROBE + "</body>"))
text = subprocess.run(
    [shutil.which("chromium-headless-shell") or shutil.which("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=%s/profile" % folder,
     "--window-size=1400,900", "--virtual-time-budget=5000", "--dump-dom", "file://%s/probe.html" % folder],
    capture_output=True, text=True, timeout=300, check=True).stdout
result = json.loads(html.unescape(re.search(r'<pre id="probe">(.*?)</pre>', text, re.S).group(1)))
print(result)
assert result["external"] == 0
assert result["before"] == OPS + 2 and result["kernels"] == OPS // 4
assert result["ms"] < 2000 and result["ink"] > 100
assert result["scale"] >= 0.7 and result["zoom"] > 1.2
assert "n1234 (Op)" in result["detail"] and "read and written" in result["detail"]
assert result["chosen"] == 2, "the operation and its kernel"
