"""`python -m airybench`, and the console script."""

import atexit
import gc
import os
import signal
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    atexit.register(_end)  # the first one, and so called after all others
    try:
        from airybench.cli.streams import closed, settle_streams

        settle_streams()
        from airybench.cli.main import run
        from airybench.temporary import use_own_folder

        use_own_folder()
        code = closed(run(sys.argv[1:]))
    except KeyboardInterrupt:  # before the command has begun
        code = 130
    # What is left is the interpreter's own end, in which a signal would be printed as a traceback.
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def _end() -> None:
    """Leave the loaded modules to the operating system: to search their objects for cycles would take seconds.

    What is left of them is no leak that a user should read about, as a library tells it on the standard error.
    """
    gc.freeze()
    try:
        sys.stderr.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    except (AttributeError, OSError, ValueError):  # no standard error, or a closed one
        pass


if __name__ == "__main__":
    main()
