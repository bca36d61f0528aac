"""Sentences that go with every result, in the terminal and in reports."""

from collections.abc import Mapping, Sequence

from airybench.analysis.number_text import MARK, score_text
from airybench.inference.hits import HIT_FEWEST
from airybench.inference.spread import FEW
from airybench.physics.helium.resolution import unresolved_classes

RUNS_NOT_KNOWN = (
    "The runs of the test shots are not known: an older version kept these predictions, and their store is not in the "
    "data folder. The intervals take shots for independent and are too narrow where shots of a run are alike."
)


def simulated_data(*versions: int) -> str:
    """What results on simulated shots hold for.

    Args:
        versions: of the simulator; 0 where it is not known.

    >>> simulated_data(2)
    'The data are simulated (version 2 of the simulator): the results hold for the simulation, not for the experiment.'
    """
    named = " and ".join(str(version) for version in sorted(set(versions)) if version)
    made = f" (version {named} of the simulator)" if named else ""
    return f"The data are simulated{made}: the results hold for the simulation, not for the experiment."


def label_ceiling(metric: str, value: float, part: str = "test") -> str:
    """What the true labels of simulated shots score against those that the labeller gave.

    Args:
        metric: `macro_ap`, ...
        value: of the metric.
        part: the part of the split, `train`, `val`, `test` or `all`.

    >>> label_ceiling("macro_ap", 0.934)
    'Label ceiling: macro_ap 0.934 on test, what the true labels score against the given ones, which err as people do.'
    """
    return (
        f"Label ceiling: {metric} {value:.3f} on {part}, what the true labels score against the given ones, which err "
        "as people do."
    )


def worse_than_majority(whose: str, found: float | None, majority: float | None) -> str:
    """That a network has fewer shots with every label right than the majority has; empty where it has not.

    Args:
        whose: name of the network.
        found: its exact match on test.
        majority: that of always giving the majority answer, on the same shots.

    >>> worse_than_majority("resnet18", 0.25, 0.75)[:74]
    'Worse than no network in what people count: resnet18 has all labels right '
    >>> worse_than_majority("resnet18", 0.75, 0.75), worse_than_majority("resnet18", 0.25, None)
    ('', '')
    """
    if found is None or majority is None or not found < majority:
        return ""
    return (
        f"Worse than no network in what people count: {whose} has all labels right on {score_text(found)} of the test "
        f"shots, always giving the majority answer on {score_text(majority)} (exact_match)."
    )


def not_resolved(class_names: Sequence[str], image_size: int) -> str:
    """Which helium classes an image size cannot show; empty where it shows all, and for other data.

    Args:
        class_names: of the data set.
        image_size: side of what a network sees, pixels.

    >>> not_resolved(("Round", "NewtonRings"), 40)
    'Not resolved at 40 px: NewtonRings. Its score there says little; --image-size 224 shows all classes.'
    """
    names = unresolved_classes(tuple(class_names), image_size)
    if not names:
        return ""
    whose = "Its score" if len(names) == 1 else "Their scores"
    says = "says" if len(names) == 1 else "say"
    return (
        f"Not resolved at {image_size} px: {', '.join(names)}. {whose} there {says} little; --image-size 224 shows all "
        "classes."
    )


def left_out_of_differences(names: Sequence[str], fewest: int, *, folds: bool = False) -> str:
    """Which classes stay out of the averages that differences are taken of.

    Args:
        names: classes with too few positive shots; at least one.
        fewest: positive shots that a class needs.
        folds: whether there are several folds, each of which leaves out its own.

    >>> left_out_of_differences(["Bent"], 5)
    'Differences leave out the classes with fewer than 5 positive test shots: Bent.'
    >>> left_out_of_differences(["Bent"], 5, folds=True)[-39:]
    'test shots, in each fold its own: Bent.'
    """
    own = ", in each fold its own" if folds else ""
    return f"Differences leave out the classes with fewer than {fewest} positive test shots{own}: {', '.join(names)}."


def tried_of_each(tried: Mapping[str, int], *, confirmed: bool = False) -> str:
    """How many configurations of each architecture a study tried; empty where it has one architecture.

    Args:
        tried: configurations by architecture.
        confirmed: whether the best were trained again.

    >>> tried_of_each({"resnet": 2, "vgg": 2})
    'Tried: 2 configurations of each architecture.'
    >>> tried_of_each({"resnet": 4, "vgg": 1})
    'Tried: 4 configurations of resnet, 1 of vgg. The best of more has more chances to be a lucky one (--confirm 3).'
    """
    if len(tried) < 2:
        return ""
    counts = [f"{count} of {name}" for name, count in tried.items()]
    if len(set(tried.values())) == 1:
        (count, *_) = tried.values()
        return f"Tried: {count} configuration{'' if count == 1 else 's'} of each architecture."
    first = counts[0].replace(" of", " configuration of" if counts[0].startswith("1 ") else " configurations of", 1)
    rest = ", ".join([first, *counts[1:]])
    return f"Tried: {rest}. The best of more has more chances to be a lucky one{'' if confirmed else ' (--confirm 3)'}."


def tried_on_sides(tried: Sequence[tuple[int, int]]) -> str:
    """Whether either side of every claim had as many configurations; empty where there are no claims.

    Args:
        tried: configurations of the first and of the second side of each claim.

    >>> tried_on_sides([(2, 2), (1, 1)])
    'Tried: either side of every claim has as many configurations as the other.'
    >>> tried_on_sides([(6, 1), (1, 1)])[:71]
    'Tried: the sides of 1 of 2 claims have different numbers of configurati'
    """
    if not tried:
        return ""
    unequal = sum(first != second for first, second in tried)
    if not unequal:
        return "Tried: either side of every claim has as many configurations as the other."
    return (
        f"Tried: the sides of {unequal} of {len(tried)} claims have different numbers of configurations. A "
        "mean over pairs of cells chooses none of them. The best of several is judged by trainings with fresh seeds "
        "where there are some (airybench sweep --confirm 3); else every candidate pair counts in Holm's rule."
    )


def unscored_classes(names: Sequence[str], part: str = "test") -> str:
    """Which classes the macro averages leave out.

    Args:
        names: classes without a positive or without a negative shot; at least one.
        part: the part of the split, `train`, `val` or `test`.

    >>> unscored_classes(["Layered"])
    'Not scored, since test has only positive or only negative shots of: Layered.'
    """
    return f"Not scored, since {part} has only positive or only negative shots of: {', '.join(names)}."


def few_positives(names: Sequence[str], part: str = "test") -> str:
    """The footnote of marked intervals; empty where none is marked.

    Args:
        names: classes whose intervals are marked.
        part: the part of the split, `train`, `val`, `test` or `all`.

    >>> few_positives(["Bent"])
    '† Fewer than 8 positive shots on test, so that the interval is a rough guess: Bent.'
    """
    if not names:
        return ""
    reason = f"Fewer than {FEW} positive shots on {part}, so that the interval is a rough guess"
    return f"{MARK.strip()} {reason}: {', '.join(names)}."


FEW_HITS = f"{MARK.strip()} Fewer than {FEW} hits or misses, so that the interval is a rough guess."
"""The same for hit finding."""


def hit_mark(scores: Mapping[str, float]) -> str:
    """What stands behind an interval of hit finding: MARK where there are few hits or misses, else nothing.

    Args:
        scores: as `airybench.inference.hits.hit_scores` gives them with intervals.
    """
    return MARK if scores.get(HIT_FEWEST, FEW) < FEW else ""


def left_out(
    unscored: Sequence[str], rare: Sequence[str], fewest: int, *, runs_known: bool = True, folds: bool = False
) -> list[str]:
    """What intervals and averages on test leave out, a sentence for each; none where they hold everything.

    Args:
        unscored: classes without a positive or without a negative shot.
        rare: classes with too few positive shots for differences.
        fewest: positive shots that a class needs for those.
        runs_known: whether the runs of the shots are known.
        folds: whether there are several folds.

    >>> left_out([], [], 5), len(left_out(["Layered"], ["Bent"], 5, runs_known=False))
    ([], 3)
    """
    found = [unscored_classes(unscored)] if unscored else []
    found += [] if runs_known else [RUNS_NOT_KNOWN]
    return [*found, *([left_out_of_differences(rare, fewest, folds=folds)] if rare else [])]
