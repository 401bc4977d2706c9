"""A real Chromium for the console's tests and its bench."""

import os
import shutil
import time

CHROMIUM = os.environ.get("COMMONSKY_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
]


def wait_for(page, expression, seconds=60.0):
    """Ask the page until it says something true; return that.

    Playwright's own waiting compiles text inside the page, which the page's security policy forbids.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = page.evaluate(expression)
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"the page never said {expression}")


def until(page, expression, right, *arguments, seconds=60.0):
    """Ask the page until its answer is right; return it. A page draws what it knows a moment after it knows it."""
    end = time.monotonic() + seconds
    while not right(answer := page.evaluate(expression, *arguments)):
        if time.monotonic() > end:
            raise AssertionError(f"the page said {answer} at last to {expression}")
        time.sleep(0.05)
    return answer


def ready(page):
    """Wait until the picture is there and drawn with positions."""
    wait_for(page, "() => window.__commonsky && window.__commonsky.keys().length > 0")
    wait_for(page, "() => !window.__commonsky.clock().held && window.__commonsky.drawn() > 0")
