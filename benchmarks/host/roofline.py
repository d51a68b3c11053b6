#!/usr/bin/env python3
"""Shows how near the kernels of a model come to what one core can do.

  roofline.py [--dlc build/bin/dlc] [--cpu NAME] [--runs N] [--top N] [--svg FILE]
              [--json FILE] MODEL.onnx ...

Compiles the model, runs it with --profile and takes each launch's shortest time.
The machine's limits, multiply-adds and bytes from memory per second, are those that
`dlc --benchmark` measures. Prints the launches that take longest with their share of
the whole time and of the attainable performance, min(peak, FLOP per byte * bandwidth)
(S. Williams et al., "Roofline", 2009; bytes as if each operand came from memory once,
so kernels whose operands are in a cache can exceed it), and draws all launches: one
circle each, its area the time it takes.
"""
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

import onnxruntime as ort

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import measure_models, measured, model_inputs, model_parser, program_arguments, shape_flags


def machine_limits(text):
    """GFLOP/s and GB/s of one core, of what dlc --benchmark says."""
    found = re.search(r"^one core: ([\d.]+) GFLOP/s .*, ([\d.]+) GB/s", text, re.M)
    return float(found[1]), float(found[2])


def read_launches(program, arrays, folder, runs):
    """[{name, kernel, us, flop, bytes}], the launches in order with their shortest times."""
    launches = {}
    trace = folder / "trace.json"
    for _ in range(runs):
        measured([program, *arrays, f"--profile={trace}", "--threads=1", "-o", folder / "out"])
        for event in json.loads(trace.read_text())["traceEvents"]:
            about = event.get("args", {})
            if event.get("ph") != "X" or "shapes" not in about:
                continue
            launch = launches.setdefault((event["name"], about["kernel"]), {
                "name": event["name"], "kernel": about["kernel"], "us": math.inf,
                "flop": about["FLOP"], "bytes": about["bytes read"] + about["bytes written"]})
            launch["us"] = min(launch["us"], event["dur"])
    return list(launches.values())


def attainable(launch, limits):
    """GFLOP/s for what computes, GB/s for what only moves data: (value, limit)."""
    peak, bandwidth = limits
    if not launch["flop"]:
        return launch["bytes"] / launch["us"] / 1e3, bandwidth
    intensity = launch["flop"] / max(launch["bytes"], 1)
    return launch["flop"] / launch["us"] / 1e3, min(peak, intensity * bandwidth)


def plot(title, launches, limits):
    """An SVG document: performance over intensity, both logarithmic."""
    peak, bandwidth = limits
    width, height, left, right, top, bottom = 860, 520, 64, 24, 40, 52
    points = [(l["flop"] / max(l["bytes"], 1), l["flop"] / l["us"] / 1e3, l)
              for l in launches if l["flop"]]
    low_x, high_x = 0.05, max([500.0, *(x * 1.5 for x, _, _ in points)])
    low_y, high_y = min([peak / 200, *(y / 1.5 for _, y, _ in points)]), peak * 2

    def at_x(x):
        x = min(max(x, low_x), high_x)
        return left + (width - left - right) * math.log(x / low_x) / math.log(high_x / low_x)

    def at_y(y):
        y = min(max(y, low_y), high_y)
        return height - bottom - (height - top - bottom) * math.log(y / low_y) / math.log(high_y / low_y)

    total = sum(l["us"] for l in launches)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
           f'height="{height}" font-family="DejaVu Sans, sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="{left}" y="24" font-size="15">{escape(title)}</text>']
    for exponent in range(-2, 5):
        value = 10.0 ** exponent
        if low_x <= value <= high_x:
            x = at_x(value)
            out.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{height - bottom}" stroke="#e4e4e4"/>'
                       f'<text x="{x:.1f}" y="{height - bottom + 18}" text-anchor="middle">{value:g}</text>')
        if low_y <= value <= high_y:
            y = at_y(value)
            out.append(f'<line x1="{left}" y1="{y:.1f}" x2="{width - right}" y2="{y:.1f}" stroke="#e4e4e4"/>'
                       f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    out.append(f'<text x="{(left + width - right) / 2}" y="{height - 12}" text-anchor="middle">FLOP per byte</text>'
               f'<text transform="translate(16 {(top + height - bottom) / 2}) rotate(-90)" '
               'text-anchor="middle">GFLOP/s</text>')
    ridge = peak / bandwidth
    roof = [(max(low_x, low_y / bandwidth), max(low_x * bandwidth, low_y)), (ridge, peak), (high_x, peak)]
    out.append('<polyline fill="none" stroke="#444" stroke-width="1.5" points="'
               + " ".join(f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in roof) + '"/>')
    out.append(f'<text x="{width - right}" y="{at_y(peak) - 6:.1f}" text-anchor="end">{peak:.0f} GFLOP/s, '
               f'{bandwidth:.0f} GB/s</text>')
    for x, y, launch in sorted(points, key=lambda p: -p[2]["us"]):
        radius = max(2.0, 60 * math.sqrt(launch["us"] / total / math.pi))
        label = f'{launch["name"]}\n{launch["kernel"]}: {launch["us"]:.0f} us, {y:.1f} GFLOP/s'
        out.append(f'<circle cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="{radius:.1f}" fill="#2a6fb0" '
                   f'fill-opacity="0.35" stroke="#1c4e7d"><title>{escape(label)}</title></circle>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


def analyse(path, args, folder):
    inputs = model_inputs(path, ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]))
    program = folder / path.stem
    done = subprocess.run([args.dlc, path, "-o", program, f"--cpu={args.cpu}", "--benchmark=0",
                           *shape_flags(inputs)], check=True, capture_output=True, text=True)
    limits = machine_limits(done.stdout)
    (folder / "out").mkdir(exist_ok=True)
    launches = read_launches(program, program_arguments(inputs, folder), folder, args.runs)
    if args.svg:
        args.svg.write_text(plot(f"{path.stem}, one thread", launches, limits))
    return {"model": path.stem, "peak_gflops": limits[0], "bandwidth_gbs": limits[1],
            "launches": launches}


def describe(result, top):
    launches, limits = result["launches"], (result["peak_gflops"], result["bandwidth_gbs"])
    total = sum(l["us"] for l in launches)
    flop = sum(l["flop"] for l in launches)
    lines = [f"{total / 1e3:.3f} ms, {flop / total / 1e3:.1f} GFLOP/s, {flop / total / 1e1 / limits[0]:.0f} % "
             f"of the peak ({limits[0]:.0f} GFLOP/s, {limits[1]:.0f} GB/s)"]
    for launch in sorted(launches, key=lambda l: -l["us"])[:top]:
        value, limit = attainable(launch, limits)
        lines.append(f"  {launch['us']:9.1f} us {100 * launch['us'] / total:5.1f} %  {value:7.1f} "
                     f"{'GFLOP/s' if launch['flop'] else 'GB/s':7} {100 * value / limit:4.0f} % of roofline  "
                     f"{launch['kernel']:34} {launch['name'][:60]}")
    return "\n".join(lines)


def main():
    parser = model_parser(__doc__)
    parser.add_argument("--cpu", default="native")
    parser.add_argument("--runs", default=5, type=int, help="processes; each profiles some runs")
    parser.add_argument("--top", default=15, type=int, help="launches to print")
    parser.add_argument("--svg", type=Path, help="draw the (last) model's kernels")
    args = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sys.exit(measure_models(args, lambda path, folder: analyse(path, args, folder),
                            lambda result: describe(result, args.top)))


if __name__ == "__main__":
    main()
