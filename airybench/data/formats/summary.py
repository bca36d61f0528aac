"""What is read from a source, in words: before an import, and for `data info`."""

from collections.abc import Iterator, Mapping
from typing import Any

from airybench.data.reading.shot_source import ShotSource
from airybench.reporter import Reporter

ORDER = ("images", "ids", "groups", "energy", "mask", "unmapped", "labels", "events")
"""Parts of a source as they are listed; others follow."""


def facts_of(source: ShotSource) -> dict[str, Any]:
    """What was chosen in a source, as plain values.

    Args:
        source: of any format.
    """
    return {
        "shots": source.count,
        "image_shape": list(source.image_shape),
        "detector_shape": list(source.detector_shape or source.image_shape),
        "choices": dict(choices(source)),
        "counts_rule": source.counts_rule,
        "left_out": [str(one) for one in source.left_out],
    }


def choices(source: ShotSource) -> Iterator[tuple[str, str]]:
    """What was taken for what, by the name of the part; what a format does not tell is filled in from the source."""
    told = {
        "energy": _energy(source),
        "mask": "none" if source.mask is None else f"{source.mask.mean():.2%} of the pixels are good",
        "labels": ", ".join(source.class_names) or "none",
        **source.choices,
    }
    yield from sorted(told.items(), key=lambda item: ORDER.index(item[0]) if item[0] in ORDER else len(ORDER))


def _energy(source: ShotSource) -> str:
    if source.photon_energy is None:
        return "not known"
    low, high = float(source.photon_energy.min()), float(source.photon_energy.max())
    return f"{low:.6g} eV" if low == high else f"{low:.6g} to {high:.6g} eV"


def lines(name: str, facts: Mapping[str, Any]) -> list[str]:
    """Facts of a source as an aligned block.

    Args:
        name: of the source.
        facts: of `describe_source` or `facts_of`, with `recognised`.
    """
    rows = []
    if "shots" in facts:
        size, binned = ("{} x {} px".format(*facts[key]) for key in ("detector_shape", "image_shape"))
        rows.append(("shots", f"{facts['shots']} of {size}" + (f", binned to {binned}" if binned != size else "")))
    rows += facts.get("choices", {}).items()
    rows += [("left out", text) for text in facts.get("left_out", ())]
    rows += [("missing", text) for text in facts.get("missing", ())]
    width = max((len(part) for part, _ in rows), default=0)
    return [f"{name}: {facts['recognised']}", *(f"  {part.ljust(width)}  {text}" for part, text in rows)]


def announce(source: ShotSource, reporter: Reporter) -> None:
    """Say what was recognised and chosen, and what is left out.

    Args:
        source: that is about to be imported.
        reporter: receives the block.
    """
    facts = facts_of(source) | {"recognised": source.recognised or source.kind}
    name = source.path.name if len(source.paths) == 1 else source.name
    reporter.notify("\n".join(lines(name, facts)))
