"""The figures: what they say, that they name no one and stay few, and that promtool has nothing against them."""

import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from device.errors import LinkError
from device.link.events import LinkEvent
from device.link.prometheus.figures import Figures
from device.link.prometheus.wire import PrometheusWire
from device.records import DoorState, DoorStatus, Event, Outputs, Reason, RelayTimes
from tests.device.link.told import duress, event
from tests.waiting import until

REQUIRED = {
    "lintel_decisions_total": {"door", "outcome", "reason"},
    "lintel_badge_to_relay_seconds_bucket": {"door", "le"},
    "lintel_badge_to_relay_seconds_count": {"door"},
    "lintel_badge_to_relay_seconds_sum": {"door"},
    "lintel_door_state": {"door", "state"},
    "lintel_camera_frame_age_seconds": {"door"},
    "lintel_outbox_rows": set(),
    "lintel_build_info": {"version"},
}


def status(name: str = "main", state: DoorState = DoorState.LOCKED, **said: Any) -> DoorStatus:
    return DoorStatus(name, state, 0.0, (), Outputs(), **said)


def text_of(figures: Figures) -> str:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    return generate_latest(registry).decode()


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float | None:
    return samples(text).get((name, frozenset(labels.items())))


@pytest.fixture
def figures() -> Figures:
    made = Figures("1.2.3", monotonic=lambda: 100.0)
    made.outbox = lambda: 7
    made.count([event(1), event(2), event(3, outcome="granted", reason="match")])
    times = RelayTimes().plus(0.3).plus(0.5).plus(5.0).plus(9.0)
    made.show([status(relay_times=times, frame_age_s=0.25), status("back", DoorState.FORCED)])
    return made


def test_names_and_labels_are_the_agreed_ones(figures: Figures) -> None:
    found: dict[str, set[str]] = {}
    for name, labels in samples(text_of(figures)):
        found.setdefault(name, set()).update(label for label, _ in labels)
    assert found == REQUIRED


def test_decisions_are_counted_by_door_outcome_and_reason(figures: Figures) -> None:
    text = text_of(figures)
    assert value(text, "lintel_decisions_total", door="main", outcome="denied", reason="non-match") == 2
    assert value(text, "lintel_decisions_total", door="main", outcome="granted", reason="match") == 1


def test_a_flood_counts_as_many_as_it_had(figures: Figures) -> None:
    figures.count([event(4, kind="denials-counted", reason="badge-unknown", times=250)])
    assert (
        value(text_of(figures), "lintel_decisions_total", door="main", outcome="denied", reason="badge-unknown") == 250
    )


def test_each_door_is_in_one_state(figures: Figures) -> None:
    text = text_of(figures)
    states = {state: value(text, "lintel_door_state", door="back", state=state.value) for state in DoorState}
    assert states == {state: float(state is DoorState.FORCED) for state in DoorState}


@pytest.mark.parametrize(("le", "count"), [("0.1", 0), ("0.4", 1), ("0.6", 2), ("4.0", 2), ("6.0", 3), ("+Inf", 4)])
def test_times_to_the_relay_are_a_histogram(figures: Figures, le: str, count: int) -> None:
    text = text_of(figures)
    assert value(text, "lintel_badge_to_relay_seconds_bucket", door="main", le=le) == count
    assert value(text, "lintel_badge_to_relay_seconds_sum", door="main") == pytest.approx(14.8)


def test_a_silent_service_has_no_states(figures: Figures) -> None:
    at = 100.0
    made = Figures("1", monotonic=lambda: at)
    made.show([status(frame_age_s=0.25)])
    at = 110.0
    aged = text_of(made)
    at = 115.1
    assert value(aged, "lintel_camera_frame_age_seconds", door="main") == 10.25
    assert "lintel_door_state{" not in text_of(made)
    assert "lintel_door_state{" in text_of(figures)


def test_duress_looks_like_any_other_grant() -> None:
    forced, free = Figures("1", monotonic=lambda: 0.0), Figures("1", monotonic=lambda: 0.0)
    forced.count([duress(), event(2, kind="alarm-acknowledged", outcome="", reason="duress")])
    free.count([event(1, outcome="granted", reason="pin")])
    assert text_of(forced) == text_of(free)


TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
ANY_EVENT = st.builds(
    event,
    st.integers(1, 1000),
    kind=st.sampled_from([*Event, "news"]).map(str),
    reason=st.sampled_from([*(reason.code for reason in Reason), "", "invented", "x" * 99]),
    outcome=st.sampled_from(["granted", "denied", "", "invented"]),
    person=TEXT,
    badge=TEXT,
    by=TEXT,
    detail=TEXT,
    door=TEXT,
)


@given(st.lists(ANY_EVENT, max_size=60))
def test_no_label_says_who_came(events: list[LinkEvent]) -> None:
    made = Figures("1", monotonic=lambda: 0.0)
    made.count(events)
    secret = [event(person="Ada Lovelace", badge="17:1001", by="grace", detail="by grace")]
    made.count(secret)
    text = text_of(made)
    assert not any(word in text for word in ("Lovelace", "17:1001", "grace"))
    known = {reason.code for reason in Reason} | {"other"}
    values = {dict(labels).get("reason", "other") for _, labels in samples(text)}
    assert values <= known


def test_labels_stay_few_whatever_the_doors_are_called() -> None:
    made = Figures("1", monotonic=lambda: 0.0)
    made.count(event(number, door=f"door-{number}") for number in range(1000))
    doors = {dict(labels)["door"] for name, labels in samples(text_of(made)) if name == "lintel_decisions_total"}
    assert len(doors) == 65


def test_a_day_of_decisions_has_few_series() -> None:
    """Two doors, every reason and outcome, 20,000 visits: no more than their product."""
    made, reasons = Figures("1", monotonic=lambda: 0.0), [reason.code for reason in Reason]
    made.count(
        event(
            number,
            door=("main", "back")[number % 2],
            reason=reasons[number % len(reasons)],
            outcome=("granted", "denied")[number % 2],
            person=f"person {number}",
            badge=f"17:{number}",
        )
        for number in range(20_000)
    )
    assert len(samples(text_of(made))) <= 2 * 2 * len(reasons) + 10


def promtool(*arguments: str, said: str = "") -> str:
    """What promtool has to say: nothing, if all is well."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool, of Debian's package prometheus")
    done = subprocess.run([program, *arguments], input=said, capture_output=True, text=True, timeout=60, check=False)
    return f"{done.stdout}{done.stderr}" if done.returncode else done.stderr


def test_promtool_has_nothing_against_the_figures(figures: Figures) -> None:
    assert promtool("check", "metrics", said=text_of(figures)) == ""


def test_promtool_has_nothing_against_a_new_link() -> None:
    assert promtool("check", "metrics", said=text_of(Figures("1"))) == ""


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[PrometheusWire]:
    made = PrometheusWire(listen="127.0.0.1", textfile=tmp_path, version="1.2.3", write_s=0.01)
    with closing(made):
        made.open()
        yield made


def scraped(wire: PrometheusWire) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{wire.port}/metrics", timeout=60) as answer:
        return str(answer.read().decode())


def test_endpoint_and_file_say_the_same(wire: PrometheusWire, tmp_path: Path) -> None:
    wire.deliver([event(1)])
    wire.show((status(),))
    until(lambda: 'state="locked"} 1.0' in (tmp_path / "lintel.prom").read_text())
    for text in (scraped(wire), (tmp_path / "lintel.prom").read_text()):
        assert value(text, "lintel_decisions_total", door="main", outcome="denied", reason="non-match") == 1


def test_file_is_whole_at_every_moment_and_may_be_read(wire: PrometheusWire, tmp_path: Path) -> None:
    for _ in range(50):
        wire.deliver([event(1, uid=f"{_}")])
        assert (tmp_path / "lintel.prom").read_text().rstrip().splitlines()[-1].startswith("lintel_outbox_rows ")
    assert (tmp_path / "lintel.prom").stat().st_mode & 0o777 == 0o644


def test_what_comes_again_after_a_failure_counts_once(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    with closing(PrometheusWire(textfile=folder, write_s=0.01)) as made:
        made.open()
        (folder / "lintel.prom").unlink()
        folder.rmdir()
        until(lambda: _fails(made))
        with pytest.raises(LinkError, match=r"Cannot write .*lintel.prom: No such file or directory"):
            made.deliver([event(1)])
        folder.mkdir()
        made.close()
        made.open()
        made.deliver([event(1)])
        text = (folder / "lintel.prom").read_text
        until(lambda: "lintel_decisions_total{" in text())
        assert value(text(), "lintel_decisions_total", door="main", outcome="denied", reason="non-match") == 1


def _fails(wire: PrometheusWire) -> bool:
    try:
        wire.show(())
    except LinkError:
        return True
    return False


def test_counts_outlast_a_reconnection(wire: PrometheusWire) -> None:
    wire.deliver([event(1)])
    wire.close()
    wire.open()
    assert value(scraped(wire), "lintel_decisions_total", door="main", outcome="denied", reason="non-match") == 1


def test_endpoint_survives_silent_and_rude_clients(wire: PrometheusWire) -> None:
    clients = [socket.create_connection(("127.0.0.1", wire.port)) for _ in range(20)]
    for client in clients[:10]:
        client.sendall(b"\x00\xff nonsense\r\n\r\n")
    for client in clients:
        client.close()
    until(lambda: _reads(wire))


def _reads(wire: PrometheusWire) -> bool:
    try:
        return "lintel_build_info" in scraped(wire)
    except OSError:
        return False


def test_port_that_is_taken_is_an_error_with_a_hint() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        made = PrometheusWire(listen="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(LinkError, match=r"can't listen at 127.0.0.1:.*: Address already in use") as caught:
            made.open()
    assert "port" in caught.value.hint


def test_check_reads_the_running_links_figures(wire: PrometheusWire, tmp_path: Path) -> None:
    other = PrometheusWire(listen="127.0.0.1", port=wire.port, textfile=tmp_path)
    assert other.check() == (
        f"http://127.0.0.1:{wire.port}/metrics has the figures. {tmp_path}/lintel.prom has the figures."
    )


def test_check_without_a_running_link_leaves_nothing(tmp_path: Path) -> None:
    made = PrometheusWire(listen="127.0.0.1", textfile=tmp_path)
    assert "has the figures" in made.check()
    assert list(tmp_path.iterdir()) == []
