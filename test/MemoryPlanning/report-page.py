# REQUIRES: chromium
# RUN: rm -rf %t && mkdir %t && %python %s %t
"""The picture of a plan, in a browser: one rectangle a buffer where it belongs, the peak,
hovering, finding, zooming; with 5,000 buffers and with odd names; nothing from the network."""
import html
import json
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1]).resolve()

# Runs in the page after its own script.
PROBE = """<script>
const result = {errors: [], tips: [], external: performance.getEntriesByType('resource').length};
const slots = [...document.querySelectorAll('rect.slot')];
const box = r => ['x', 'y', 'width', 'height'].map(k => +r.getAttribute(k));
result.boxes = slots.slice(0, 50).map(box);
for (const r of slots.slice(0, 3)) {
  r.dispatchEvent(new PointerEvent('pointermove', {bubbles: true, clientX: 300, clientY: 300}));
  result.tips.push(document.getElementById('tip').textContent);
}
result.visible = document.getElementById('tip').style.display;
const find = document.getElementById('find');
find.value = plan.slots[1].name;
find.dispatchEvent(new Event('input'));
result.dim = slots.map(r => r.classList.contains('dim')).slice(0, 3);
const before = box(slots[0])[2];
document.getElementById('chart').dispatchEvent(new WheelEvent('wheel',
  {deltaY: -400, clientX: 100, clientY: 300, cancelable: true}));
draw();
result.zoom = box(slots[0])[2] / before;
document.getElementById('reset').click();
draw();
result.unzoom = box(slots[0])[2] / before;
result.peak = slots.filter(r => r.classList.contains('peak')).length;
result.line = +document.getElementById('peak-line').getAttribute('x1');
result.rows = document.querySelectorAll('#peak tbody tr').length;
document.body.dataset.result = JSON.stringify(result);
</script>"""


BROWSER = shutil.which("chromium-headless-shell") or shutil.which("chromium")


def look(name, rows):
    """Plans `rows`, opens the page, returns the report and what the probe saw."""
    problem = folder / f"{name}.csv"
    with open(problem, "w", newline="") as f:
        f.write("id,lower,upper,size\n")
        for row in rows:
            f.write(",".join(map(str, row)) + "\n")
    for kind in ("html", "json"):
        subprocess.run(["dlc-plan", str(problem), "--work-limit=1000000",
                        f"--memory-report={folder / name}.{kind}"],
                       check=True, stdout=subprocess.DEVNULL)
    report = json.loads((folder / f"{name}.json").read_text())
    page = folder / f"{name}.html"
    text = page.read_text()
    assert not re.search(r'(src|href)\s*=|@import|url\((?!#)', text), "the page loads something"
    page.write_text(text.replace("</body>", PROBE + "</body>"))
    start = time.monotonic()
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         f"--user-data-dir={folder / 'profile'}", "--window-size=1400,1000", "--dump-dom",
         page.as_uri()], capture_output=True, text=True, timeout=120)
    seen = re.search(r'data-result="([^"]*)"', done.stdout)
    assert seen, done.stdout[-2000:] + done.stderr[-2000:]
    ready = re.search(r'data-ready="(\d+)"', done.stdout)
    assert ready and int(ready[1]) == len(report["slots"])
    print(f"{name}: {time.monotonic() - start:.1f} s")
    return report, json.loads(html.unescape(seen[1]))


def check(report, seen):
    slots = report["slots"]
    assert seen["external"] == 0
    assert seen["peak"] == len(report["peak"]["slots"])
    assert seen["rows"] == min(len(report["peak"]["slots"]), 11)
    # Rectangles: the scales follow from two of them; all others must agree.
    first = min(s["first"] for s in slots)
    last = max(s["last"] + 1 for s in slots)
    width, height = report["_width"], report["_height"]
    for s, (x, y, w, h) in zip(slots, seen["boxes"]):
        sx, sy = width / (last - first), height / report["arena_bytes"]
        assert abs(x - (84 + (s["first"] - first) * sx)) < 0.6, (s, x)
        assert abs(w - max((s["last"] + 1 - s["first"]) * sx, 0.5)) < 0.6, (s, w)
        assert abs(y - (22 + height - (s["offset"] + s["size"]) * sy)) < 0.6, (s, y)
        assert abs(h - max(s["size"] * sy, 0.5)) < 0.6, (s, h)
    middle = 84 + (report["peak"]["launch"] + 0.5 - first) * width / (last - first)
    assert abs(seen["line"] - middle) < 0.6
    for s, tip in zip(slots, seen["tips"]):
        assert tip.startswith(s["name"]) and f"{s['size']} bytes at {s['offset']}" in tip, tip
    assert seen["visible"] == "block"
    assert seen["dim"][1] is False and True in seen["dim"]
    assert seen["zoom"] > 1.5 and abs(seen["unzoom"] - 1) < 0.01


def measure(report, seen):
    """The size of the drawing area, from the first rectangle."""
    s, (x, y, w, h) = report["slots"][0], seen["boxes"][0]
    first = min(s["first"] for s in report["slots"])
    last = max(s["last"] + 1 for s in report["slots"])
    report["_width"] = w / (s["last"] + 1 - s["first"]) * (last - first)
    report["_height"] = 560 - 22 - 34


# Names that would break out of a script, a string or the encoding.
rows = [("</script><b>&\"'\\", 0, 40, 4096), ("größe\tü", 20, 60, 8192), ("a" * 300, 50, 100, 1 << 20)]
report, seen = look("names", rows)
assert sorted(s["name"] for s in report["slots"]) == sorted(r[0] for r in rows)
measure(report, seen)
check(report, seen)

rng = random.Random(1)
rows = []
for i in range(5000):
    start = rng.randrange(3000)
    rows.append((f"b{i}", start, start + rng.randint(1, 60), rng.randint(1, 1 << 20)))
rows.append(("long", 0, 3060, 1000))
report, seen = look("many", rows)
assert len(report["slots"]) == 5001
index = next(i for i, s in enumerate(report["slots"]) if s["last"] - s["first"] > 200 or i == 49)
report["_width"], report["_height"] = seen["boxes"][index][2] / (
    report["slots"][index]["last"] + 1 - report["slots"][index]["first"]) * 3060, 504
check(report, seen)
