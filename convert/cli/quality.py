"""`lintel-convert quality`: what the quality gate refuses, and what worsened pictures cost in false matches."""

from pathlib import Path

import click

from device.terminal import say


@click.command(epilog="Exit codes: 0 done, 1 a condition exceeds --most, 4 model, 5 images cannot be read.")
@click.option(
    "--images", type=click.Path(path_type=Path), required=True, help="The folder of the images, a subfolder a person."
)
@click.option(
    "--half",
    type=click.Choice(["first", "second"]),
    default="second",
    show_default=True,
    help="Which half of the people: limits were chosen on the first.",
)
@click.option("--people", type=click.IntRange(2), help="How many of them at most.  [default: all]")
@click.option("--condition", "names", multiple=True, help="A condition, again for another one.  [default: all]")
@click.option("--most", type=click.FloatRange(0, 1), help="The highest FMR over all pairs; exit code 1 beyond it.")
@click.option("--cache", type=click.Path(path_type=Path), help="Keep what was seen in this folder, for the next time.")
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of the models; by default, those that came with Lintel."
)
@click.option(
    "--threads", type=click.IntRange(1, 16), default=2, show_default=True, help="Threads of the TFLite interpreter."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def quality(
    images: Path,
    half: str,
    people: int | None,
    names: tuple[str, ...],
    most: float | None,
    cache: Path | None,
    models: Path | None,
    threads: int,
    as_json: bool,
) -> int:
    """Measure the quality gate on pictures that were worsened the way doors worsen them.

    Of each person with two pictures one is the reference, the other the probe. FMR is matches among all pairs of two
    people, a picture that the gate refuses counting as no match: with both pictures worsened in the same way, and with
    a clean reference. FNMR is that of the pairs that pass.
    """
    from convert.folders import note_left_out
    from convert.measuring.protocols import person_images
    from convert.progress import bar
    from convert.quality import document, known, lines, measure_gate, people_in
    from convert.reports import as_json as in_json
    from device.settings.tables import VisionSettings
    from device.vision.faces import load_analyzer

    conditions = known(names)
    analyzer = load_analyzer(VisionSettings(models_dir=str(models or ""), threads=threads))
    chosen = people_in(images, second_half=half == "second", most=people)
    note_left_out(images, person_images(images))
    with bar("Looking", len(chosen.probes) * (1 + len(conditions))) as step:
        rates = measure_gate(chosen, conditions, analyzer, cache=cache, step=step)
    click.echo(in_json(document(rates))) if as_json else say("\n".join(lines(rates)))
    return int(most is not None and any(each.same.rate.value > most for each in rates))
