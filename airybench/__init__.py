"""Which network sorts your diffraction patterns best: tracked benchmarks of ResNets and VGGs.

Everything named in `__all__` is loaded on first use (PEP 562), so that `import airybench` takes no time and loads
neither torch nor mlflow.

>>> import airybench as ab
>>> ab.__version__
'0.1.0'
"""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from airybench.cores import wait_briefly
from airybench.version import __version__ as __version__

wait_briefly()

if "h5py" not in sys.modules:
    # HDF5 would read other files than those that were checked; see `data.hdf5.beside`.
    for _prefix in ("HDF5_EXT_PREFIX", "HDF5_VDS_PREFIX", "HDF5_EXTFILE_PREFIX"):
        os.environ.pop(_prefix, None)

if TYPE_CHECKING:
    from airybench.api.datasets import Dataset as Dataset
    from airybench.api.datasets import import_data as import_data
    from airybench.api.datasets import load_dataset as load_dataset
    from airybench.api.datasets import open_shots as open_shots
    from airybench.api.models import Model as Model
    from airybench.api.models import evaluate as evaluate
    from airybench.api.models import load_model as load_model
    from airybench.api.models import predict as predict
    from airybench.api.studies import Study as Study
    from airybench.api.studies import compare as compare
    from airybench.api.studies import open_study as open_study
    from airybench.api.studies import write_report as write_report
    from airybench.api.sweeps import run_sweep as run_sweep
    from airybench.api.training import train as train
    from airybench.config import SweepConfig as SweepConfig
    from airybench.config import TrialConfig as TrialConfig
    from airybench.config.experiments import load_experiment as load_experiment
    from airybench.errors import AirybenchError as AirybenchError
    from airybench.networks.activation import LogActivation as LogActivation

_HOMES = {
    "AirybenchError": "airybench.errors",
    "Dataset": "airybench.api.datasets",
    "LogActivation": "airybench.networks.activation",
    "Model": "airybench.api.models",
    "Study": "airybench.api.studies",
    "SweepConfig": "airybench.config",
    "TrialConfig": "airybench.config",
    "compare": "airybench.api.studies",
    "evaluate": "airybench.api.models",
    "import_data": "airybench.api.datasets",
    "load_dataset": "airybench.api.datasets",
    "load_experiment": "airybench.config.experiments",
    "load_model": "airybench.api.models",
    "open_shots": "airybench.api.datasets",
    "open_study": "airybench.api.studies",
    "predict": "airybench.api.models",
    "run_sweep": "airybench.api.sweeps",
    "train": "airybench.api.training",
    "write_report": "airybench.api.studies",
}
"""The module that defines each public name."""

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'airybench' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names, for completion in a notebook."""
    return sorted({*globals(), *__all__})
