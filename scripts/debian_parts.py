"""What a package is made of, as a CycloneDX list: each wheel with the hashes that its requirement demands."""

import email
import re
import subprocess
import tempfile
from pathlib import Path

from debian_tree import LGPIO, REQUIREMENTS
from environments import ROOT


def parts_list(tree: Path, *, version: str, tools: Path, epoch: int) -> str:
    """The list as JSON, of what lies in a tree's environment; the same for the same tree and commit."""
    present = {name: number for name, number in sorted(_installed(tree)) if name != "lintel-door"}
    pinned = _pinned(REQUIREMENTS) | _pinned(LGPIO)
    lines = [pinned[name, number] for name, number in present.items()]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "requirements.txt")
        file.write_text("\n".join(lines))
        project = Path(folder, "pyproject.toml")
        project.write_text(f'[project]\nname = "lintel-door"\nversion = "{version}"\nlicense = "Apache-2.0"\n')
        command: list[str | Path] = [
            tools / "cyclonedx-py",
            "requirements",
            "--output-reproducible",
            "--of",
            "JSON",
            "--sv",
            "1.6",
        ]
        said = subprocess.run(
            [*command, "--pyproject", project, file],
            env={"PATH": "/usr/bin:/bin", "SOURCE_DATE_EPOCH": str(epoch), "LC_ALL": "C.UTF-8"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    return str(said.stdout)


def _installed(tree: Path) -> list[tuple[str, str]]:
    found = []
    for file in tree.glob("env/lib/*/site-packages/*.dist-info/METADATA"):
        said = email.message_from_string(file.read_text(encoding="utf-8"))
        found.append((re.sub(r"[-_.]+", "-", said["Name"]).lower(), said["Version"]))
    return found


def _pinned(requirements: Path) -> dict[tuple[str, str], str]:
    """Each requirement with its hashes, without its marker, by name and version."""
    text = re.sub(r"^#.*\n", "", requirements.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if pin := re.match(r"([A-Za-z0-9._-]+)==(\S+)(?: ;[^-]*)?", line):
            hashes = " ".join(re.findall(r"--hash=\S+", line))
            found[pin[1].lower(), pin[2]] = f"{pin[1]}=={pin[2]} {hashes}"
    return found
