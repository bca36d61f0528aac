"""Options that say which shots of a source are taken, how values become counts, and what labels are called."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.options.completion import choices
from airybench.cli.options.panels import COUNTS, LABELS, SHOTS, WRITING
from airybench.cli.options.source_layout import Keys


class RuleOptions:
    """Each attribute is an option of the same name; its value is what stands for the option left out."""

    keep: Annotated[
        Keys,
        typer.Option(
            metavar="KEY,...",
            help="Take only shots whose value under KEY is not 0, such as is_good_frame.",
            rich_help_panel=SHOTS,
        ),
    ] = None
    drop: Annotated[
        Keys,
        typer.Option(metavar="KEY,...", help="Leave out shots whose value under KEY is not 0.", rich_help_panel=SHOTS),
    ] = None
    select: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Take only shots whose id this file lists.", rich_help_panel=SHOTS),
    ] = None
    every: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER|KEY",
            help="Period of background bunches: shots whose id is a multiple of it are left out; 0 for none.",
            rich_help_panel=SHOTS,
        ),
    ] = None
    skip: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="NUMBER",
            help="With --every: the remainder of the id that is left out.",
            show_default="0",
            rich_help_panel=SHOTS,
        ),
    ] = None
    invalid: Annotated[
        Keys,
        typer.Option(
            metavar="VALUE,...",
            help="Mask pixels with this value. max: the largest of the type; negative: all below 0; none: do not ask "
            "about such values.",
            autocompletion=choices("max", "negative", "nan", "none"),
            rich_help_panel=COUNTS,
        ),
    ] = None
    nan: Annotated[
        str | None,
        typer.Option(
            metavar="mask",
            help="mask: pixels that are NaN or infinite are masked.",
            show_default="they are refused",
            autocompletion=choices("mask"),
            rich_help_panel=COUNTS,
        ),
    ] = None
    counts_per_photon: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER",
            help="Detector units per photon: values are divided by it and rounded. For floating-point sources.",
            rich_help_panel=COUNTS,
        ),
    ] = None
    clip: Annotated[
        bool, typer.Option("--clip", help="Clip values below 0 and above 65535.", rich_help_panel=COUNTS)
    ] = False
    find_bad_pixels: Annotated[
        bool,
        typer.Option(
            "--find-bad-pixels",
            help="Look for dead, stuck, hot, noisy and dim pixels before binning, and mask them.",
            rich_help_panel=COUNTS,
        ),
    ] = False
    bin: Annotated[
        int | None,
        typer.Option(
            "--bin",
            min=1,
            metavar="NUMBER",
            help="Average blocks of this many pixels a side.",
            show_default="what brings the image to at most 259 px",
            rich_help_panel=COUNTS,
        ),
    ] = None
    swmr: Annotated[
        bool,
        typer.Option("--swmr", help="Read as many shots as are written by now.", rich_help_panel=WRITING),
    ] = False
    wait: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="SECONDS", help="Wait this long for the writer to finish.", rich_help_panel=WRITING
        ),
    ] = None


class ImportOptions:
    """What only an import takes. Each attribute is an option of the same name; its value stands for it left out."""

    labels: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="HDF5 key of the labels: 0 and 1, (N, C), or class numbers from 0, (N,).",
            rich_help_panel=LABELS,
        ),
    ] = None
    labels_csv: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="List of the labels: columns id and label, or id and one column per class.",
            rich_help_panel=LABELS,
        ),
    ] = None
    labelled_only: Annotated[
        bool, typer.Option("--labelled-only", help="Take only the shots that have a label.", rich_help_panel=LABELS)
    ] = False
    class_names: Annotated[
        Keys,
        typer.Option(
            metavar="NAME,...",
            help="Names of the classes, in order.",
            show_default="those of the source, else numbers",
            rich_help_panel=LABELS,
        ),
    ] = None
    fold_case: Annotated[
        bool, typer.Option("--fold-case", help="ROUND and Round are one class.", rich_help_panel=LABELS)
    ] = False
    label_separators: Annotated[
        str | None,
        typer.Option(
            metavar="CHARACTERS",
            help="Characters between the names of several classes in one cell, such as '|,'.",
            show_default=";",
            rich_help_panel=LABELS,
        ),
    ] = None
    unsure: Annotated[
        str | None,
        typer.Option(
            metavar="unlabelled|class|refuse",
            help="What MAYBE, ? and nan mean: the shot is left out, a class of its own, or an error.",
            show_default="refuse",
            autocompletion=choices("unlabelled", "class", "refuse"),
            rich_help_panel=LABELS,
        ),
    ] = None
    on_conflict: Annotated[
        str | None,
        typer.Option(
            metavar="drop|first",
            help="Identical images with different labels: leave all of them out, or keep the first.",
            show_default="they are refused",
            autocompletion=choices("drop", "first"),
            rich_help_panel=LABELS,
        ),
    ] = None
    drop_blank: Annotated[
        bool,
        typer.Option("--drop-blank", help="Leave out frames whose pixels all have one value.", rich_help_panel=SHOTS),
    ] = False
