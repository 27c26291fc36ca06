"""A real receiver, Debian's rsyslog, reads what the link sends, whatever the texts are."""

import json
import shutil
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from device.errors import LinkError
from device.link.syslog.format import Look
from device.link.syslog.line import StreamLine
from device.link.syslog.wire import SyslogWire
from tests.device.link.told import event
from tests.waiting import PATIENCE_S, until

SETTINGS = """
module(load="imtcp")
module(load="mmpstrucdata")
input(type="imtcp" address="127.0.0.1" port="{port}")
template(name="said" type="string" string="%$!rfc5424-sd%\\n")
action(type="mmpstrucdata")
action(type="omfile" file="{got}" template="said")
"""


@pytest.mark.slow(small="tests/device/link/test_syslog.py::test_any_text_is_read_back_by_the_grammar")
def test_rsyslog_reads_hostile_texts_as_one_field_each(tmp_path: Path) -> None:
    program = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("needs rsyslogd, of Debian's package rsyslog")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    file, got = tmp_path / "rsyslog.conf", tmp_path / "got"
    file.write_text(SETTINGS.format(port=port, got=got))
    server = subprocess.Popen([program, "-n", "-i", tmp_path / "pid", "-f", file], stderr=subprocess.DEVNULL)
    try:
        with closing(SyslogWire(StreamLine("127.0.0.1", port), Look(hostname="door-pi"))) as wire:
            until(lambda: _opens(wire))
            wire.deliver([event(1, person='a"b]c\\d|e=f\n<34>1 \u202egnp'), event(2)])
            until(lambda: got.exists() and got.read_text().count("\n") == 2)
    finally:
        server.terminate()
        server.wait(PATIENCE_S)
    own = [json.loads(line)["lintel@32473"] for line in got.read_text().splitlines()]
    assert [one.get("person") for one in own] == ['a"b]c\\d|e=f\ufffd<34>1 \ufffdgnp', None]


def _opens(wire: SyslogWire) -> bool:
    try:
        wire.open()
    except LinkError:
        return False
    return True
