"""Tags of runs and models, which people filter by and later commands read; those of the data are in `provenance`."""

from typing import Literal

State = Literal["finished", "failed", "pruned", "interrupted"]
"""How a run ended."""


class Tag:
    """Names of tags."""

    KIND = "airybench.kind"  # sweep, cell, trial, train, evaluate, baseline, predict or launch
    STATE = "airybench.state"  # running, or a State
    NOTE = "mlflow.note.content"  # description on the page of the run
    PARENT = "mlflow.parentRunId"

    FAILURE = "airybench.failure"  # kind of failure, such as diverged
    REASON = "airybench.reason"  # in one line
    ACCUMULATE = "airybench.accumulate"  # parts of each batch
    OUT_OF_MEMORY = "airybench.out_of_memory"
    PRECISION = "airybench.precision"  # number format that the network ran in, which `auto` does not say
    TIME_LIMITED = "airybench.time_limited"  # after which epoch
    WEIGHTS = "airybench.weights"  # `dropped: ` and why; not there where the run keeps them

    VIEW = "mlflow.sharedViewState."  # of an experiment: what the tag of a prepared view begins with

    STUDY = "airybench.study"  # NAME@D
    TRIAL = "airybench.trial"  # number in the study
    TRIALS = "airybench.trials"  # how many are wanted
    SEEDS = "airybench.seeds"  # how many per cell
    STARTED_FROM = "airybench.started_from"  # full names of the studies whose best cells ran first
    FOLDS = "airybench.folds"  # how many a study runs; not there where it has one split
    FOLD = "airybench.fold"  # of a trial of such a study
    LABEL = "airybench.cell"  # name of a cell in tables and reports
    CONFIRMATION = "airybench.confirmation"  # yes for a trial that trains a chosen cell again with a fresh seed
    CONFIRM = "airybench.confirm"  # with how many fresh seeds the chosen cells of a study are trained again
    FAILED_TRIALS = "airybench.failed_trials"
    WINNER = "airybench.winner"  # run id
    WINNER_NAME = "airybench.winner_name"
    PARENTS = "airybench.parents"  # run ids of the studies of one command
    PUBLISHED = "airybench.published"  # digest of the trials that the artifacts of a parent show
    CLAIM = "airybench.claim."  # and what is claimed: verdict and numbers, on a parent
    AGAINST_WINNER = (
        "airybench.against_winner"  # of a trial: winner, told apart, not told apart, first look, not compared
    )
    JUDGED = "airybench.judged"  # digest of what the claims of a parent were judged from
    BASELINE = "airybench.baseline"  # majority, brightness or svm

    ORIGIN = "airybench.origin"  # of a copy: id of the run or model that it is a copy of
    COPIED = "airybench.copied"  # of a copy that is whole: digest of what was copied

    OUTPUT = "airybench.output"  # file that a prediction wrote
    MODEL_URI = "airybench.model_uri"
    OBJECTIVE = "airybench.objective"  # METRIC:max or METRIC:min
    VALUE = "airybench.value"  # of the objective
