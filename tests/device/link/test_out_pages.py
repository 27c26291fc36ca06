"""The pages on webhooks and metrics: each example is one that works."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from device.link.chosen import WORDS, refuse_unknown
from device.link.prometheus.figures import Figures
from device.link.settings.loading import link_settings_in
from device.link.webhooks.bodies import TEMPLATES, data_body
from device.link.webhooks.signing import keys_in, new_secret, signature
from tests.device.link.told import event

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text() for name in ("webhooks", "metrics")}


def blocks(page: str, kind: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{kind}\n(.*?)^```$", PAGES[page], re.DOTALL | re.MULTILINE)
    return found


@pytest.mark.parametrize("text", [*blocks("webhooks", "toml"), *blocks("metrics", "toml")])
def test_settings_are_ones_that_the_link_takes(text: str) -> None:
    settings = link_settings_in(text)
    refuse_unknown([word for one in settings.webhooks for word in one.events], "the page")
    refuse_unknown(settings.syslog.events, "the page")
    assert settings.webhooks or settings.syslog.host or settings.prometheus.port or settings.prometheus.textfile


def test_event_is_one_that_is_sent() -> None:
    (text,) = blocks("webhooks", "json")
    assert json.loads(text) == data_body(event(4711, uid="4711-908e05b25cb4"))


def test_receiver_in_python_verifies() -> None:
    import time

    (text,) = blocks("webhooks", "python")
    scope: dict[str, object] = {}
    exec(text, scope)
    secret, body, now = new_secret(), json.dumps(data_body(event())).encode(), int(time.time())
    headers = {"webhook-id": "1-abc", "webhook-timestamp": str(now)}
    headers["webhook-signature"] = signature(keys_in(secret, "x"), "1-abc", now, body)
    received = scope["received"]
    assert callable(received)
    assert received(secret, body, headers) == ("1-abc", "decision.denied")


def test_every_template_and_word_is_explained() -> None:
    assert [one for one in (*TEMPLATES, *WORDS) if f"`{one}`" not in PAGES["webhooks"]] == []


def test_every_metric_is_explained() -> None:
    names = [metric.name for metric in Figures("1").collect()]
    assert [name for name in names if f"`{name}" not in PAGES["metrics"]] == []


@pytest.mark.parametrize(("place", "what"), [(0, "config"), (1, "rules")])
def test_promtool_has_nothing_against_the_examples(tmp_path: Path, place: int, what: str) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool, of Debian's package prometheus")
    file = tmp_path / "example.yml"
    file.write_text(blocks("metrics", "yaml")[place])
    done = subprocess.run([program, "check", what, file], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
