"""Takes a picture of a door's page in Home Assistant, with the link's own wire at a real Mosquitto.

    .venv-home-assistant/bin/python scripts/home_assistant_picture.py docs/home-assistant.png

Needs Debian's chromium and mosquitto, and in the environment of `make test-home-assistant` also `playwright` and the
`home-assistant-frontend` that this version of Home Assistant asks for.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.mosquitto import free_port, mosquitto  # noqa: E402

LINTEL = os.environ.get("LINTEL_PYTHON", str(ROOT / ".venv/bin/python"))
STARTS_S = 120.0
DRAWS_MS = 60_000
SETTLES_MS = 3_000
VIEW = {"width": 1280, "height": 1000}
ASKED = {"version": 4, "key": "onboarding", "data": {"done": ["core_config", "analytics", "integration"]}}
"""Home Assistant's first questions, all answered but for the owner's name."""
SETTINGS = """homeassistant:
  name: Home
  time_zone: UTC
http:
  server_host: 127.0.0.1
  server_port: {port}
frontend:
history:
logbook:
"""
TOLD = (
    "open",
    "show front:locked",
    "access front:denied",
    "access front:granted",
    "show front:open",
    "access front:held",
    "show front:locked",
    "access front:granted",
    "show front:released",
)
"""What happens at the door while Home Assistant looks."""


def main() -> int:
    """Writes the picture of the device page."""
    parser = argparse.ArgumentParser(description="Take a picture of a door in Home Assistant.")
    parser.add_argument("picture", type=Path)
    picture = parser.parse_args().picture
    with tempfile.TemporaryDirectory() as name, mosquitto(Path(name)) as broker:
        folder = Path(name) / "home"
        with home(folder) as url, doors(broker.port) as tell:
            tokens = onboarded(url)
            joined(url, str(tokens["access_token"]), broker.port)
            for words in TOLD:
                tell(words)
                time.sleep(1)  # a history to look at
            photographed(url, tokens, picture)
    return 0


@contextlib.contextmanager
def home(folder: Path) -> Iterator[str]:
    """Home Assistant with settings of its own, until it answers; its address."""
    port = free_port()
    (folder / ".storage").mkdir(parents=True)
    (folder / ".storage/onboarding").write_text(json.dumps(ASKED))
    (folder / "configuration.yaml").write_text(SETTINGS.format(port=port))
    command = [sys.executable, "-m", "homeassistant", "--skip-pip", "-c", str(folder)]
    with (folder / "output").open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + STARTS_S
        try:
            while not answers(f"{url}/api/onboarding"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit((folder / "output").read_text())
                time.sleep(0.5)
            yield url
        finally:
            process.kill()


@contextlib.contextmanager
def doors(port: int) -> Iterator[Callable[[str], None]]:
    """The link's wire in a process of its own, which does what it is asked."""
    command = [LINTEL, "-m", "tests.home_assistant.doors", str(port)]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:

        def tell(words: str) -> None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{words}\n")
            process.stdin.flush()
            if process.stdout.readline() != "done\n":
                raise SystemExit(f"not done: {words}")

        try:
            yield tell
        finally:
            process.kill()


def answers(url: str) -> bool:
    """Whether something is served there."""
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310
        return True
    return False


def posted(url: str, body: bytes, kind: str = "application/json", token: str = "") -> dict[str, object]:
    """The answer to a POST."""
    headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:  # noqa: S310
        found: dict[str, object] = json.load(answer)
        return found


def onboarded(url: str) -> dict[str, object]:
    """Makes the owner, and logs in: the tokens as the browser keeps them."""
    client = f"{url}/"
    owner = {"client_id": client, "name": "Owner", "username": "owner", "password": "for-a-picture", "language": "en"}
    code = posted(f"{url}/api/onboarding/users", json.dumps(owner).encode())["auth_code"]
    form = urllib.parse.urlencode({"grant_type": "authorization_code", "code": code, "client_id": client})
    tokens = posted(f"{url}/auth/token", form.encode(), "application/x-www-form-urlencoded")
    return tokens | {"hassUrl": url, "clientId": client, "expires": int((time.time() + 1800) * 1000)}


def joined(url: str, token: str, port: int) -> None:
    """Sets up Home Assistant's MQTT integration as a user does."""
    flows = f"{url}/api/config/config_entries/flow"
    flow = posted(flows, json.dumps({"handler": "mqtt"}).encode(), token=token)
    broker = json.dumps({"broker": "127.0.0.1", "port": port}).encode()
    ended = posted(f"{flows}/{flow['flow_id']}", broker, token=token)
    if ended.get("type") != "create_entry":
        raise SystemExit(f"Home Assistant did not take the broker: {ended}")


def photographed(url: str, tokens: dict[str, object], picture: Path) -> None:
    """The page of the only door, as Chromium draws it."""
    program = shutil.which("chromium") or "/usr/bin/chromium"
    options: Sequence[str] = ("--no-sandbox", "--disable-gpu")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=program, args=options)
        page = browser.new_page(
            viewport={"width": VIEW["width"], "height": VIEW["height"]}, timezone_id="UTC", locale="en-GB"
        )
        kept = json.dumps(json.dumps(tokens))
        page.add_init_script(f"localStorage.setItem('hassTokens', {kept})")
        page.add_init_script("""localStorage.setItem('dockedSidebar', '"always_hidden"')""")
        page.goto(url)
        found = "() => document.querySelector('home-assistant')?.hass?.devices"
        page.wait_for_function(f"() => Object.values(({found})() ?? {{}}).some(d => d.manufacturer === 'Lintel')")
        device = page.evaluate(f"() => Object.values(({found})()).find(d => d.manufacturer === 'Lintel').id")
        page.goto(f"{url}/config/devices/device/{device}", timeout=DRAWS_MS)
        page.wait_for_timeout(SETTLES_MS)
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
