"""The Python API: what a notebook does with data sets, studies, models and scores, without the command line."""
