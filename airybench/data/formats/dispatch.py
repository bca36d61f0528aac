"""From what the user names to the importer that reads it."""

import math
from collections.abc import Sequence
from pathlib import Path

from airybench.data.formats.counts_rule import CountsRule
from airybench.data.formats.deposit_import import import_deposit
from airybench.data.formats.importer import Labelling, import_stacks
from airybench.data.formats.stack import StackKeys, is_cxi_stack
from airybench.data.store.store import Store
from airybench.errors import ConfigError, unknown
from airybench.reporter import SILENT, Reporter


def bring(
    sources: Sequence[Path],
    output: Path | None,
    *,
    keys: StackKeys,
    labelling: Labelling,
    counts_per_photon: float | None = None,
    clip: bool = False,
    nan: str | None = None,
    factor: int | None = None,
    name: str | None = None,
    force: bool = False,
    reporter: Reporter = SILENT,
) -> Store:
    """Import a deposit, or stacks where a key of images is given or a CXI file keeps one.

    Raises:
        ConfigError: options that cannot be, or that the kind of source does not take.
        DataError: a source breaks a rule.
    """
    rule = rule_of(counts_per_photon, clip=clip, nan=nan)
    if keys.images or is_cxi_stack(sources[0]):
        return import_stacks(
            sources,
            output,
            keys=keys,
            labelling=labelling,
            rule=rule,
            factor=factor,
            name=name,
            force=force,
            reporter=reporter,
        )
    if len(sources) > 1 or name or keys != StackKeys() or labelling.csv or labelling.labelled_only:
        raise ConfigError(
            f"{sources[0]}: a deposit is one file that says all by itself; for a stack of images give --images KEY"
        )
    return import_deposit(
        sources[0],
        output,
        class_names=labelling.class_names,
        force=force,
        rule=rule,
        factor=factor,
        reporter=reporter,
    )


def rule_of(counts_per_photon: float | None, *, clip: bool, nan: str | None) -> CountsRule:
    """The rule that options name.

    Raises:
        ConfigError: an option that cannot be.
    """
    if counts_per_photon is not None and not (math.isfinite(counts_per_photon) and counts_per_photon > 0):
        raise ConfigError(f"--counts-per-photon is {counts_per_photon:g}, expected a number above 0")
    if nan not in (None, "mask"):
        raise unknown("--nan", nan, ("mask",))
    return CountsRule(nan_mask=nan == "mask", counts_per_photon=counts_per_photon or 0.0, clip=clip)
