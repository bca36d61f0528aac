"""Predicting a file of shots with a trained model."""

from pathlib import Path

import torch

from airybench.data.formats.dispatch import open_shots
from airybench.data.reading.options import DEFAULT_OPTIONS, SourceOptions
from airybench.inference.predict import Predicted, PredictOptions, predict
from airybench.inference.predictor import Predictor
from airybench.reporter import SILENT, Reporter
from airybench.tracking.launch import launched
from airybench.tracking.tags import Tag

DEFAULTS = PredictOptions()


def predict_file(
    model: str,
    predictor: Predictor,
    source: Path,
    output: Path,
    *,
    device: torch.device,
    reading: SourceOptions = DEFAULT_OPTIONS,
    options: PredictOptions = DEFAULTS,
    reporter: Reporter = SILENT,
) -> Predicted:
    """Predict every shot of a file; after an interruption the same call computes only what is missing.

    Under `mlflow run` the run that it made keeps the options and the number of shots.

    Args:
        model: what the user called the model.
        predictor: the model.
        source: a store, or any file or folder that is imported, labelled or not.
        output: HDF5 file to write.
        device: where to compute.
        reading: how the source is to be read.
        options: what to write and how to compute.
        reporter: receives notices and progress.

    Raises:
        ConfigError: options that contradict each other, or that the source does not take.
        DataError: the source does not fit the model or cannot be read, or the output cannot be written.
        ReaderError: a reader process was killed.
    """
    shots = open_shots(source, reading, reporter)
    asked = {"model": model, "source": source, "output": output}
    with launched(f"predict {source.name}", "predict", asked) as run:
        done = predict(predictor, shots, output, device=device, options=options, reporter=reporter)
        if run:
            run.metrics({"predict/shots": done.shots})
            run.tag({Tag.OUTPUT: str(done.output.absolute())})
    return done
