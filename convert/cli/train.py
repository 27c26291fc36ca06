"""`lintel-convert train`: a network from aligned chips by person."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from convert.networks.table import trainable_networks
from device.commandline import NumberRange
from device.terminal import put_json, say

if TYPE_CHECKING:
    from convert.train import Trained
    from convert.training.checkpoints import Epoch
    from convert.training.held_out import Verification

LEARNING_RATES = {"triplet": 5e-4, "softmax": 2e-3}


@click.command(
    epilog="Exit codes: 0 done, 4 no such network or the training failed, 5 chips, 12 a package is missing, 15 weights."
)
@click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="A folder of aligned chips, one subfolder a person."
)
@click.option(
    "--network",
    type=click.Choice(trainable_networks()),
    required=True,
    help="What to train; tiny is for a machine without an accelerator.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The file to write; without it, NETWORK.keras.")
@click.option(
    "--loss",
    type=click.Choice(["triplet", "softmax"]),
    default="triplet",
    show_default=True,
    help="softmax classifies the people with a layer that is thrown away: a first stage, before triplets.",
)
@click.option(
    "--mining",
    type=click.Choice(["semi-hard", "batch-hard", "batch-all"]),
    default="semi-hard",
    show_default=True,
    help="Which triplets of a batch to use.",
)
@click.option("--margin", type=NumberRange(0, 4), default=0.2, show_default=True, help="Margin of the triplet loss.")
@click.option("--length", type=click.IntRange(2, 4096), default=128, show_default=True, help="Numbers of an embedding.")
@click.option("--people", type=click.IntRange(2), default=32, show_default=True, help="People in a batch.")
@click.option("--per-person", type=click.IntRange(2), default=4, show_default=True, help="Chips of each in a batch.")
@click.option("--epochs", type=click.IntRange(1), default=30, show_default=True, help="Maximum number of epochs.")
@click.option("--steps", type=click.IntRange(1), help="Batches per epoch; without it, enough to see every chip.")
@click.option(
    "--patience", type=click.IntRange(1), default=10, show_default=True, help="Epochs without gain after which to stop."
)
@click.option(
    "--learning-rate",
    type=NumberRange(0, 1, min_open=True),
    help="Initial learning rate, falling to 0; by default 0.0005 for triplets and 0.002 for softmax.",
)
@click.option(
    "--held-out",
    type=NumberRange(0, 0.9, min_open=True),
    default=0.2,
    show_default=True,
    help="Share of people never trained on: half decide when to stop, half test the result.",
)
@click.option(
    "--mixed-precision",
    type=click.Choice(["float16", "bfloat16"]),
    is_flag=False,
    flag_value="float16",
    help="Compute in half precision; without a value, float16.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of weights, batches and variations."
)
@click.option("--resume", is_flag=True, help="Continue an interrupted training after its last complete epoch.")
@click.option("--logs", type=click.Path(path_type=Path), help="Write TensorBoard's events into this folder.")
@click.option(
    "--initial", type=click.Path(path_type=Path), help="Start from this network, the result of an earlier training."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def train(
    data: Path,
    network: str,
    out: Path | None,
    loss: str,
    mining: str,
    margin: float,
    length: int,
    people: int,
    per_person: int,
    epochs: int,
    steps: int | None,
    patience: int,
    learning_rate: float | None,
    held_out: float,
    mixed_precision: str | None,
    seed: int,
    resume: bool,
    logs: Path | None,
    initial: Path | None,
    as_json: bool,
) -> None:
    """Train a network on aligned chips, and verify it on people it was never trained on.

    The network of the best epoch is written. Who is held out depends only on names, so a second training (--initial)
    holds the same people out. KERAS_BACKEND chooses Keras's backend: tensorflow, jax or torch.
    """
    from convert.folders import note_left_out
    from convert.train import train as trained
    from convert.training.mining import Mining
    from convert.training.people import chips_in
    from convert.training.plan import Objective, Precision, TrainingFiles, TrainingPlan

    plan = TrainingPlan(
        network=network,
        length=length,
        objective=Objective(loss),
        mining=Mining(mining),
        margin=margin,
        people=people,
        per_person=per_person,
        epochs=epochs,
        steps=steps,
        learning_rate=learning_rate or LEARNING_RATES[loss],
        patience=patience,
        held_out=held_out,
        precision=Precision(f"mixed_{mixed_precision}") if mixed_precision else Precision.FLOAT32,
        seed=seed,
    )
    note_left_out(data, chips_in(data))
    files = TrainingFiles(data, out or Path(f"{network}.keras"), initial, logs)
    result = trained(plan, files, _Bars(epochs), resume=resume)
    put_json(_json(result)) if as_json else say("\n".join(_lines(result)))


class _Bars:
    """A progress bar for each epoch, with the loss, on standard error."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs

    def begin(self, epoch: int, steps: int) -> None:
        self._bar = click.progressbar(
            length=steps, label=f"Epoch {epoch}/{self._epochs}", item_show_func=_loss, file=sys.stderr
        )
        self._bar.__enter__()

    def step(self, loss: float) -> None:
        self._bar.update(1, loss)

    def end(self, epoch: "Epoch") -> None:
        self._bar.__exit__(None, None, None)
        found = epoch.validation
        say(
            f"epoch {epoch.number}: loss {epoch.loss:.4f}; validation people: "
            f"accuracy {found.accuracy.mean:.2%}, AUC {found.auc.mean:.4f}",
            err=True,
        )


def _loss(loss: float | None) -> str | None:
    return None if loss is None else f"loss {loss:.4f}"


def _json(result: "Trained") -> str:
    import msgspec

    document = {
        "network": str(result.out),
        "sidecar": result.alignment is not None,
        "knows_whom_it_saw": result.knows_whom_it_saw,
        "training_people": result.training_people,
        "training_chips": result.training_chips,
        "best_epoch": result.best_epoch,
        "epochs": [
            {"epoch": epoch.number, "loss": epoch.loss, "validation": _figures(epoch.validation)}
            for epoch in result.epochs
        ],
        "test_before": _figures(result.before),
        "test_after": _figures(result.after),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _figures(found: "Verification") -> dict[str, object]:
    return {
        "people": found.people,
        "chips": found.chips,
        "mated": found.mated,
        "non_mated": found.non_mated,
        "accuracy": found.accuracy.mean,
        "accuracy_interval_95": found.accuracy.interval,
        "auc": found.auc.mean,
        "auc_interval_95": found.auc.interval,
        "tar_at_fmr_1e-2": found.tar_at_1e2,
    }


def _lines(result: "Trained") -> list[str]:
    after = result.after
    pairs = f"{after.mated} mated and {after.non_mated} non-mated pairs"
    folds = f"in {len(after.auc.values)} folds of people; in brackets 95 % intervals over the folds"
    return [
        f"trained on   {result.training_chips} chips of {result.training_people} people, {len(result.epochs)} epochs",
        f"tested on    {after.chips} chips of {after.people} others: {pairs}",
        f"             {folds}",
        f"before       {_line(result.before)}",
        f"after        {_line(after)}",
        f"written to   {result.out}, the network of epoch {result.best_epoch}",
        *_notes(result),
    ]


def _notes(result: "Trained") -> list[str]:
    notes = []
    if not result.knows_whom_it_saw:
        notes.append(
            "note         the initial network doesn't say whom it was trained on: the test people may be among them"
        )
    if result.alignment is None:
        notes.append("note         the chips don't say how they were aligned, so no sidecar was written: see import")
    return notes


def _line(found: "Verification") -> str:
    def figure(value: float, interval: tuple[float, float]) -> str:
        return f"{value:.2%} ({interval[0]:.2%} to {interval[1]:.2%})"

    accuracy, auc = (figure(one.mean, one.interval) for one in (found.accuracy, found.auc))
    return f"accuracy {accuracy}, AUC {auc}, TAR at FMR 1e-2 {found.tar_at_1e2:.2%}"
