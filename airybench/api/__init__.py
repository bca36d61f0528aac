"""The Python API: what a notebook does with data sets, studies, models and scores, without the command line."""

import warnings

# Optuna's tqdm complains in a notebook without ipywidgets, which the progress bars here do not need.
warnings.filterwarnings("ignore", message="IProgress not found")
