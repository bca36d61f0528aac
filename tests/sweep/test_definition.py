"""What a resume must share with the study of its name, before any data are made."""

from copy import deepcopy

import pytest

from airybench.config import SweepConfig
from airybench.errors import StudyError
from airybench.sweep.definition import definition, refuse_early, refuse_other

SPACE = {"alpha": [0.1, 0.2]}


def sweep(**data: object) -> SweepConfig:
    return SweepConfig.model_validate({"space": SPACE, "base": {"data": data}})


def stored(source: str, **data: object) -> dict[str, object]:
    """Attributes of a study on 64 shots, as its storage gives them back."""
    return {"definition": {**definition(sweep(count=64, **data)), "data_sha256": "a" * 64}, "data_source": source}


def stored_before(source: str) -> dict[str, object]:
    """The same as it was stored before the simulators and the split had versions."""
    known = stored(source)
    for name in ("simulator", "split_version"):
        del known["definition"]["base"]["data"][name]
    return known


@pytest.mark.parametrize("source", ["simulated", "cxidb-94"])
def test_the_study_that_is_compared_stays_as_it_is(source: str) -> None:
    """Data set and count of what is asked for were once written into the caller's attributes."""
    known = stored(source)
    before = deepcopy(known)
    refuse_early("s@helium", known, sweep(dataset="run7.h5", count=64), "run7.h5")
    if source != "simulated":
        refuse_early("s@helium", known, sweep(dataset="run7.h5", count=640), "run7.h5")
    assert known == before


def test_the_count_belongs_to_simulated_data_alone() -> None:
    with pytest.raises(StudyError, match="count 64 there, 640 now"):
        refuse_early("s@helium", stored("simulated"), sweep(count=640), "helium")
    refuse_early("s@helium", stored("cxidb-94"), sweep(count=640), "helium")
    refuse_early("s@helium", stored("simulated"), sweep(count=640), "stand-in.h5")


def test_another_content_is_refused_and_a_study_that_never_began_is_not() -> None:
    noisy = sweep(count=64, noise="max")
    with pytest.raises(StudyError, match="noise none there, max now"):
        refuse_early("s@helium", stored("simulated"), noisy, "helium")
    refuse_early("s@helium", {}, noisy, "helium")


def test_how_much_is_wanted_is_no_part_of_the_content() -> None:
    more = SweepConfig.model_validate({"space": SPACE, "study": {"seeds": 3, "trials": 4, "time_limit": "2h"}})
    assert definition(more) == definition(SweepConfig.model_validate({"space": SPACE, "question": "Why?"}))


@pytest.mark.parametrize(
    "known", [stored_before("simulated"), stored("simulated", simulator=1, split_version=1)], ids=["unsaid", "said"]
)
def test_versions_of_simulator_and_split_never_share_a_study(known: dict[str, object]) -> None:
    refuse_early("s@helium", known, sweep(count=64, simulator=1, split_version=1), "helium")
    with pytest.raises(StudyError, match=r"of version 1 of the simulator, and another .*; go on with --simulator 1,"):
        refuse_early("s@helium", known, sweep(count=64, simulator=2, split_version=1), "helium")
    with pytest.raises(StudyError, match=r"of version 1 of the split, and another .*; go on with --split-version 1,"):
        refuse_early("s@helium", known, sweep(count=64, simulator=1), "helium")
    with pytest.raises(StudyError, match=r"1 of the simulator and version 1 of the split, .*--simulator 1 --split-ver"):
        refuse_early("s@helium", known, sweep(count=64), "helium")
    with pytest.raises(StudyError, match="count 64 there, 65 now; simulator 1 there, 2 now"):
        refuse_early("s@helium", known, sweep(count=65, simulator=2), "helium")


def test_a_split_by_group_has_no_versions() -> None:
    known = stored_before("cxidb-94")
    known["definition"]["base"]["data"]["split_by"] = "group"
    refuse_early("s@helium", known, sweep(count=64, split_by="group"), "helium")


def test_a_study_on_measured_shots_from_before_there_were_versions_goes_on() -> None:
    known = stored_before("cxidb-94")
    refuse_early("s@helium", known, sweep(count=64, simulator=2, split_version=1), "helium")
    measured = definition(sweep(count=64, simulator=0, split_version=1))
    refuse_other("s@helium", known["definition"], {**known["definition"], **measured})
