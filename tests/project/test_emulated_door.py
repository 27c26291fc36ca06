"""What scripts/emulated_trace.py reads of the kernel and the journal, and the page of the emulated door."""

from emulated_door_page import Line, row
from emulated_door_steps import Outcome
from emulated_trace import Level, decisions, levels, pulses, row_of
from foreign_debian import with_revision

TRACE = """# tracer: nop
          secure-194     [000] .....    37.667583: gpio_value: 509 set 0
 python3 -I -u-201      [000] d..1.    48.087772: gpio_value: 509 set 1
          python-201     [000] .....    48.100000: gpio_value: 508 set 1
          python-201     [000] .....    48.200000: gpio_value: 509 get 1
          secure-204     [001] .....    49.250000: gpio_value: 509 set 0
"""
JOURNAL = """-- Boot 0123 --
[   14.100000] systemd[1]: Starting lintel.service - Lintel, a door controller...
[   61.500000] lintel[200]: badge h10301#6f3c6584, GRANTED (match), decided after 0.9 s, 3 frames
[   75.250000] lintel[200]: badge h10301#6f3c6584, DENIED (badge-unknown), decided after 0.0 s, 0 frames
"""
DEBUG = """gpiochip0: GPIOs 504-511, parent: amba/9030000.pl061, 9030000.pl061:
 gpio-509 (                    |lg                  ) out hi
"""


def test_levels_are_those_written_to_the_line() -> None:
    """Neither another line's, nor what was read."""
    assert levels(TRACE, 509) == [
        Level(37.667583, 0, "secure"),
        Level(48.087772, 1, "python3 -I -u"),
        Level(49.25, 0, "secure"),
    ]


def test_a_pulse_is_from_high_to_low() -> None:
    assert pulses(levels(TRACE, 509)) == [(48.087772, 49.25)]


def test_a_pulse_without_an_end_is_left_out() -> None:
    assert pulses([Level(1.0, 1, "a")]) == []


def test_a_level_written_twice_is_one_pulse() -> None:
    assert pulses([Level(1.0, 1, "a"), Level(2.0, 1, "a"), Level(3.0, 0, "b")]) == [(1.0, 3.0)]


def test_the_kernels_row_of_a_line() -> None:
    assert row_of(DEBUG, 509) == "gpio-509 ( |lg ) out hi"


def test_a_line_that_no_process_holds_has_an_empty_row() -> None:
    assert row_of(DEBUG, 504) == ""


def test_decisions_are_those_of_the_journal() -> None:
    assert [(one.at, one.granted) for one in decisions(JOURNAL)] == [(61.5, True), (75.25, False)]


def test_a_promise_not_kept_stands_out_in_its_row() -> None:
    line = Line("a | b", "within 1 s", Outcome(False, "never\nseen"), 3.0)
    assert row(line) == "| a \\| b | never seen | within 1 s | NOT KEPT |"


def test_a_device_tree_gets_a_revision_and_loses_its_padding() -> None:
    structure = b"\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\x09"
    header = [0xD00DFEED, 1024, 40, 40 + len(structure), 40, 17, 16, 0, 0, len(structure)]
    tree = b"".join(number.to_bytes(4, "big") for number in header) + structure
    changed = with_revision(tree.ljust(1024, b"\0"), 0xC03111)
    assert len(changed) < 200
    assert (0xC03111).to_bytes(4, "big") in changed
    assert changed.endswith(b"linux,revision\0")
