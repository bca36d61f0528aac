"""`airybench predict`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.evaluate import Model
from airybench.cli.options import Debug, Device, Json, TrackingUri
from airybench.cli.sources import Bin, Clip, CountsPerPhoton, Ids, Images, Mask, MaskConvention, Nan
from airybench.errors import ConfigError

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def predict(
    model: Model,
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A store, deposit, CXI file or stack, labelled or not.")
    ],
    output: Annotated[Path, typer.Option(metavar="FILE", help="HDF5 file to make.")],
    csv: Annotated[bool, typer.Option("--csv", help="Write a CSV file beside it as well.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Add a Grad-CAM++ map for every answer.")] = False,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="This process is the I-th of N; `airybench join FILE` joins their parts."),
    ] = None,
    images: Images = None,
    ids: Ids = None,
    mask: Mask = None,
    mask_convention: MaskConvention = None,
    counts_per_photon: CountsPerPhoton = None,
    clip: Clip = False,
    nan: Nan = None,
    bin_: Bin = None,
    ignore_labels: Annotated[
        bool,
        typer.Option(
            "--ignore-labels", help="Answer even where the source's labels are other classes, or none that can be."
        ),
    ] = False,
    readers: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Processes that read and decode ahead. [as many as pay]")
    ] = None,
    compile: Annotated[
        bool, typer.Option("--compile/--no-compile", help="Compile the network; pays for many shots on a GPU.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    device: Device = "auto",
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Answer for every shot of a source, in fixed memory; interrupted or killed, the same command goes on.

    The file holds id, probability and prediction for every shot, and the maps where they were asked for.
    """
    from airybench.cli.show.console import ConsoleReporter, notice, print_json
    from airybench.data.formats.counts_rule import CountsRule
    from airybench.data.formats.dispatch import open_shots
    from airybench.data.formats.options import StackKeys
    from airybench.inference.gradcam import Explainer
    from airybench.inference.predict import predict as answer
    from airybench.jobs.models import open_model
    from airybench.tracking.launch import launched
    from airybench.training.device import choose_device

    reporter = ConsoleReporter()
    part, where = _shard(shard), choose_device(device)
    if part and csv:
        raise ConfigError("--csv goes with the whole: give it to `airybench join`")
    shots = open_shots(
        source,
        keys=StackKeys(images=images, ids=ids, mask=mask, mask_convention=mask_convention),
        rule=CountsRule.from_options(counts_per_photon, clip=clip, nan=nan),
        factor=bin_,
        labels=not ignore_labels,
        reporter=reporter,
    )
    predictor = open_model(model, tracking_uri)
    asked = {"model": model, "source": source, "output": output}
    with launched(f"predict {source.name}", "predict", asked) as run:
        found = answer(
            predictor, shots, output, device=where, shard=part, explain=Explainer if explain else None, table=csv,
            force=force, ignore_labels=ignore_labels, readers=readers, compiled=compile, reporter=reporter,
        )  # fmt: skip
        if run:
            run.metrics({"predict/shots": found.shots})
            run.tag({"airybench.output": str(found.output.absolute())})
    if as_json:
        speed = found.images_per_second
        print_json({**vars(found), "images_per_second": None if speed != speed else speed})
        return
    print(found.output)
    if found.done_before:
        notice(f"{found.done_before} of {found.shots} shots had been answered before")
    if found.images_per_second == found.images_per_second:
        notice(f"{found.images_per_second:.0f} images/s")
    if part:
        notice(f"part {part[0]} of {part[1]} is done; when all are: airybench join {output}")


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ConfigError(f"--shard {text}: expected I/N with I from 1 to N, such as 3/16")
    return int(found[1]), int(found[2])
