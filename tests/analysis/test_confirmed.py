"""Chosen cells beside their confirmation."""

from airybench.analysis.confirmed import ConfirmedCell, confirmation_sentence, confirmed_cells
from airybench.config import TrialConfig
from airybench.sweep.records import FinishedTrial


def trial(alpha: float, seed: int, value: float) -> FinishedTrial:
    config = TrialConfig().replace({"alpha": alpha, "seed": seed})
    return FinishedTrial(0, config, {}, "run", {}, (value,), seed > 1000)


def test_means_of_the_search_and_of_fresh_seeds() -> None:
    search = [trial(0.1, 1, 0.5), trial(0.1, 2, 0.75), trial(0.2, 1, 0.25)]
    fresh = [trial(0.1, 1001, 0.5), trial(0.1, 1002, 0.25), trial(0.3, 1001, 0.9)]
    found = confirmed_cells(search, fresh)  # a cell without a trial of the search was chosen by an older space
    assert found == (ConfirmedCell("resnet18-log0.1-leaky0.2", 0.625, 0.375, 2),)
    assert "0.375 with 2 (0.625 when it was chosen)" in confirmation_sentence(found, "macro_ap")
    assert confirmation_sentence((), "macro_ap") == ""
