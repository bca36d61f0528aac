"""`python -m airybench`, and the console script."""

import signal
import sys


def main() -> None:
    """Run the command line and exit with its code."""
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


if __name__ == "__main__":
    main()
