"""How fast the console draws: intervals between frames of a real Chromium that draws in software, at 1280x720.

``python bench/console.py [--objects 20000] [--seconds 8]``. Each frame is waited for until it is drawn, and
``frames_drawn`` must not be below ``frames`` (at the pace of the sky itself few are drawn: little moves that can be
seen). Server, browser and rasteriser share the machine's processors.
Prints one JSON document.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests" / "console"))
from browser import CHROMIUM, FLAGS, ready  # noqa: E402  # found by the line before

# Reading a pixel back waits until the frame is really drawn: else a slow rasteriser hides behind its queue.
INTERVALS = """seconds => new Promise(done => {
  const times = [], drawn = window.__commonsky.drawn();
  const gl = document.querySelector("canvas").getContext("webgl2"), pixel = new Uint8Array(4);
  const end = performance.now() + 1000 * seconds;
  const frame = now => {
    times.push(now);
    gl.readPixels(400, 300, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    if (now < end) return requestAnimationFrame(frame);
    done({times, drawn: window.__commonsky.drawn() - drawn});
  };
  requestAnimationFrame(frame);
})"""


def measure(url: str, seconds: float) -> dict[str, object]:
    """Frame intervals in ms of the console at ``url``, warm."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(url)
        ready(page)
        time.sleep(3.0)
        got = page.evaluate(INTERVALS, seconds)
        objects = len(page.evaluate("window.__commonsky.keys()"))
        version = browser.version
        browser.close()
    intervals_ms = np.diff(got["times"])
    return {
        "objects": objects,
        "frames": len(intervals_ms),
        "frames_drawn": got["drawn"],
        "median_ms": round(float(np.median(intervals_ms)), 1),
        "p95_ms": round(float(np.percentile(intervals_ms, 95)), 1),
        "frames_per_second_mean": round(1e3 * len(intervals_ms) / float(intervals_ms.sum()), 1),
        "frames_per_second_median": round(1e3 / float(np.median(intervals_ms)), 1),
        "chromium": version,
        "processors": os.cpu_count(),
    }


def main() -> None:
    """Start a node with a made-up sky, in a process of its own, and measure its console."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--objects", type=int, default=20_000)
    options.add_argument("--tracks", type=int, default=60)
    options.add_argument("--seconds", type=float, default=8.0)
    options.add_argument("--rates", type=float, nargs="+", default=[60.0, 600.0])
    chosen = options.parse_args()
    found = {}
    for rate in chosen.rates:
        demo = REPOSITORY / "tests" / "console" / "demo_node.py"
        command = [sys.executable, str(demo), "--rate", str(rate)]
        command += ["--objects", str(chosen.objects), "--tracks", str(chosen.tracks)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as node:
            try:
                assert node.stdout is not None
                found[f"rate_{rate:g}"] = measure(node.stdout.readline().strip(), chosen.seconds)
            finally:
                node.terminate()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
