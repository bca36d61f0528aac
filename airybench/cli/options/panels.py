"""The headings under which help shows the options of a command."""

START = "What matters first"
DATA = "Data"
SOURCE = "What is where in the source"
FRAMES = "How a frame becomes an image"
SHOTS = "Which shots are taken"
COUNTS = "How values become counts"
LABELS = "Labels"
WRITING = "A file that is being written"
INPUT = "Input of the network"
NETWORK = "Network"
TRAINING = "Training"
STUDY = "Study"
PLACE = "Where it runs"
OUTPUT = "Output"
GENERAL = "General"

OBVIOUS = (None, 0, 1)
"""Lower limits of a number that help leaves out: a reader takes them for granted."""

ORDER = (START, DATA, SOURCE, FRAMES, SHOTS, COUNTS, LABELS, WRITING, INPUT, NETWORK, TRAINING, STUDY, PLACE, OUTPUT,
         GENERAL)  # fmt: skip
"""From the top of the page down."""
