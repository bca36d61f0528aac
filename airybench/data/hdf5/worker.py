"""A process that reads foreign files for the program: `python -m airybench.data.hdf5.worker`.

What a damaged chunk does to a decoder, it does here. It is given functions and their arguments, answers with what they
yield, and with `("at", PLACE)` before each read, so that a crash has a place. It ends when its input does.
"""

from typing import IO

from airybench.data.hdf5.inspection import trust_all
from airybench.data.hdf5.inspector import limit_memory
from airybench.data.hdf5.messages import send
from airybench.data.hdf5.place import listen
from airybench.data.hdf5.serving import serve


def main() -> None:
    """Do what comes in until there is no more."""
    limit_memory()
    trust_all()
    serve(_say_where)


def _say_where(answers: IO[bytes]) -> None:
    listen(lambda place: send(answers, ("at", place)))


if __name__ == "__main__":
    main()
