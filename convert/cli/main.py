"""The command `lintel-convert`: its table of commands, and what they share."""

import sys

import click

from device.commandline import LazyGroup, run_command
from device.packages import DISTRIBUTION

EXIT_CODES = """\b
Exit codes: 0 done; 1 the answer is no; 2 wrong use; 4 model; 5 images or
pairs; 12 package missing; 14 a published package; 15 a network or weights
file; 70 a bug in Lintel; 74 the system refused; 130 and 141 interrupted."""

COMMANDS = {
    "import": ("convert.cli.import_:import_network", "Import published weights, or a network of your own."),
    "install": ("convert.cli.install:install", "Install a known network with the thresholds measured for it."),
    "build": ("convert.cli.build:build", "Build the models from published weights, or check the committed ones."),
    "quantize": ("convert.cli.quantize:quantize", "Convert networks to TFLite, and refuse what costs too much."),
    "evaluate": ("convert.cli.evaluate:evaluate", "Measure the door's own pipeline on labelled images."),
    "transactions": ("convert.cli.transactions:transactions", "Measure how often a stolen badge lets a stranger in."),
    "calibrate": ("convert.cli.calibrate:calibrate", "Set the decision threshold for a false match rate."),
    "turned": ("convert.cli.turned:turned", "Measure how well the network knows turned faces."),
    "quality": ("convert.cli.quality:quality", "Measure what the quality gate refuses and lets pass."),
    "card": ("convert.cli.card:card", "Write the biometric card of the model, or check it."),
    "cluster": ("convert.cli.cluster:cluster", "Group the pictures of a folder by whom they show."),
    "align": ("convert.cli.align:align", "Cut aligned chips out of photos by person."),
    "train": ("convert.cli.train:train", "Train a network on aligned chips by person."),
}


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name=DISTRIBUTION, prog_name="lintel-convert", message="%(prog)s %(version)s")
def cli() -> None:
    """Turn a network into a quantized TFLite file, and measure what that costs."""


def main() -> None:
    """The entry point of `lintel-convert`."""
    sys.exit(run_command(cli))
