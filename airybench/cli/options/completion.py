"""What a shell offers as the value of an option when the user presses Tab."""

from collections.abc import Callable


def choices(*values: str) -> Callable[[str], list[str]]:
    """Complete one of a few words, or the last word of a comma list.

    >>> choices("resnet", "vgg")("resnet,v")
    ['resnet,vgg']
    """

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{value}" for value in values if value.startswith(last)]

    return complete


def experiment_names(incomplete: str) -> list[str]:
    """Names of the shipped experiments; for a path the shell completes file names by itself."""
    from airybench.config.experiments import experiments

    return [name for name in experiments() if name.startswith(incomplete)]


def question_names(incomplete: str) -> list[str]:
    """Names of the questions of the shipped experiments."""
    from airybench.config.experiments import questions

    return [name for name in questions() if name.startswith(incomplete)]


def metric_names(incomplete: str) -> list[str]:
    """Metrics of a part of the split."""
    from airybench.config import METRICS

    return choices(*METRICS)(incomplete)


def study_names(incomplete: str) -> list[str]:
    """Names of the studies in the data folder, each with its data set."""
    from airybench.paths import data_folder

    return [path.stem for path in sorted((data_folder() / "studies").glob(f"{incomplete}*.journal"))]


def model_names(incomplete: str) -> list[str]:
    """`winner:STUDY` for every study in the data folder."""
    prefix = "winner:"
    if prefix.startswith(incomplete):
        return [f"{prefix}{name}" for name in study_names("")]
    return [f"{prefix}{name}" for name in study_names(incomplete.removeprefix(prefix))]


def source_kinds(incomplete: str) -> list[str]:
    """Kinds of sources."""
    from airybench.data.formats.known import KINDS

    return [kind for kind in KINDS if kind.startswith(incomplete)]


DATASETS = choices("helium", "cxidb")
DEVICES = choices("auto", "cpu", "cuda")
