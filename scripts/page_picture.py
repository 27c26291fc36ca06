"""Takes the picture of the page that README shows: a real simulation, Eileen Collins let in, in Debian's Chromium.

    .venv/bin/python scripts/page_picture.py docs/simulation.png

Portraits are in the public domain: models/portraits/README.md. Below 300 kB.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.driven import chromium, missing, served, visited  # noqa: E402

MOST_BYTES = 300_000
COLORS = 256


def main() -> int:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description="Take the picture of the page.")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    target: Path = parser.parse_args().picture
    if reason := missing():
        print(f"error: {reason}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player, chromium(player) as browser:
        shot = Path(folder) / "page.png"
        with served("simulate", "--web", state=Path(folder)) as page, visited(browser, page) as visit:
            visit.page.click("#badge-unknown")
            visit.event(outcome="denied")
            visit.press("tab-world", "stand", "tab-badges")
            visit.page.wait_for_timeout(1500)
            visit.page.click('.badge[data-badge="17:1001"]')
            visit.door(state="released")
            visit.page.wait_for_timeout(400)
            visit.page.screenshot(path=shot)
        with Image.open(shot) as picture:
            picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(target, optimize=True)
    size = target.stat().st_size
    print(f"{target}: {size:,} bytes")
    return 0 if size < MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
