"""Options that say what is where in a source, and how a frame becomes an image."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.options.completion import choices, source_kinds
from airybench.cli.options.panels import FRAMES, SOURCE, START

Keys = list[str] | None
"""HDF5 keys of an option that may be repeated."""


class LayoutOptions:
    """Each attribute is an option of the same name; its value is what stands for the option left out."""

    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Kind of the source, such as eiger, sacla or stack.",
            show_default="recognised",
            autocompletion=source_kinds,
            rich_help_panel=START,
        ),
    ] = None
    images: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="HDF5 key of the images, (N, H, W) or (N, modules, H, W). With * it names many data sets.",
            rich_help_panel=SOURCE,
        ),
    ] = None
    ids: Annotated[
        Keys,
        typer.Option(
            metavar="KEY,...",
            help="HDF5 key of the shots' identifiers, numbers or text; several keys together make one identifier.",
            rich_help_panel=SOURCE,
        ),
    ] = None
    energy: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="HDF5 key of the photon energy, (N,) or one.", rich_help_panel=SOURCE),
    ] = None
    wavelength: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="HDF5 key of the wavelength, instead of --energy.", rich_help_panel=SOURCE),
    ] = None
    unit: Annotated[
        str | None,
        typer.Option(
            metavar="eV|keV|J|nm|angstrom|m|pm",
            help="Unit of that energy or wavelength.",
            show_default="the attribute units in the file",
            autocompletion=choices("eV", "keV", "J", "nm", "angstrom", "m", "pm"),
            rich_help_panel=SOURCE,
        ),
    ] = None
    photon_energy: Annotated[
        float | None,
        typer.Option(
            metavar="EV", help="Photon energy of all shots in eV, instead of --energy.", rich_help_panel=SOURCE
        ),
    ] = None
    column_ids: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="HDF5 key of ids by which energies, groups and events are listed, where these are not in the order of "
            "the images.",
            rich_help_panel=SOURCE,
        ),
    ] = None
    groups: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="HDF5 key of the run of each shot, number or text.",
            show_default="the number of its file",
            rich_help_panel=SOURCE,
        ),
    ] = None
    group_by: Annotated[
        str | None,
        typer.Option(
            metavar="folder|file|PATTERN",
            help="Instead of --groups: the run is the folder, the file, or what the brackets of a regular expression "
            "find in the path, such as 'run_(\\d+)'.",
            autocompletion=choices("folder", "file"),
            rich_help_panel=SOURCE,
        ),
    ] = None
    events: Annotated[
        Keys,
        typer.Option(
            metavar="KEY,...",
            help="HDF5 key of a further identifier that is kept, such as a pulse id.",
            rich_help_panel=SOURCE,
        ),
    ] = None
    mask: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="HDF5 key of the mask, (H, W) or (N, H, W); FILE:KEY for one in another file.",
            rich_help_panel=SOURCE,
        ),
    ] = None
    mask_convention: Annotated[
        str | None,
        typer.Option(
            metavar="cxi|euxfel|good-is-one|nxmx",
            help="What the values of the mask mean.",
            autocompletion=choices("cxi", "euxfel", "good-is-one", "nxmx"),
            rich_help_panel=SOURCE,
        ),
    ] = None
    stack_modules: Annotated[
        bool,
        typer.Option("--stack-modules", help="Put the modules of a frame below one another.", rich_help_panel=FRAMES),
    ] = False
    geometry: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="CrystFEL geometry file: put the modules where they are on the detector.",
            rich_help_panel=FRAMES,
        ),
    ] = None
    index: Annotated[
        int | None,
        typer.Option(min=0, metavar="NUMBER", help="Take this one module only, from 0.", rich_help_panel=FRAMES),
    ] = None
    channel: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="NUMBER",
            help="Plane of raw frames (2, H, W) to take: 0 intensity, 1 gain.",
            rich_help_panel=FRAMES,
        ),
    ] = None
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="HEIGHT,WIDTH",
            help="Shape of the image in pixels, for a source that lists its pixels row by row (Dragonfly).",
            rich_help_panel=FRAMES,
        ),
    ] = None
    axis: Annotated[
        str | None,
        typer.Option(
            metavar="first|last",
            help="Axis of the stack that counts the shots.",
            show_default="what the shape shows",
            autocompletion=choices("first", "last"),
            rich_help_panel=FRAMES,
        ),
    ] = None
