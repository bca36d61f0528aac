"""Which other files an HDF5 file may be read with: those beside it or below, by a relative name.

One rule holds for external links, for the sources of virtual data sets and for raw storage in other files, in stacks,
deposits and stores alike. A foreign file could otherwise show any file of the person who reads it. The file itself may
be reached through a symbolic link: then the folder of the link and that of the real file both count. A symbolic link
beside the file that leads out of both folders is refused like any other way out.
"""

import errno
import os
from pathlib import Path

from airybench.errors import DataError

PREFIXES = ("HDF5_EXT_PREFIX", "HDF5_VDS_PREFIX", "HDF5_EXTFILE_PREFIX")
"""Environment variables that HDF5 takes a folder from when it is loaded; `import airybench` removes them before."""


def beside(path: Path, key: str, name: str) -> Path:
    """Where a file is that another one names, whether it exists or not.

    HDF5 takes an absolute name that does not exist for the name of a file beside; so does this.

    Args:
        path: the file that names it.
        key: of the link or data set, for messages.
        name: as it stands in the file.

    Raises:
        DataError: the name leads out of the folder of the file.
    """
    if given := [variable for variable in PREFIXES if variable in os.environ]:
        # HDF5 was loaded before, and would read another file than the one that is looked at here.
        raise DataError(
            f"{path}: /{key} leads to {name}, which {given[0]} makes a file of another folder", f"unset {given[0]}"
        )
    if os.path.isabs(name) and not _exists(Path(name)):
        name = os.path.basename(name) or name
    folders = (path.parent, path.resolve().parent)
    others = [folder / name for folder in folders]
    other = next((one for one in others if one.exists()), others[0])
    inside = any(other.resolve().is_relative_to(folder.resolve()) for folder in folders)
    if os.path.isabs(name) or ".." in Path(name).parts or not inside:
        raise DataError(
            f"{path}: /{key} leads to {name}, outside the folder of this file; only files beside it or below are read, "
            f"by relative names",
            f"name it without its folder, as {other.name}, or import the folder"
            if inside
            else f"copy {other.name} beside this file, or import the folder that holds it",
        )
    return other


def why_unreadable(path: Path) -> str:
    """Why a file that is needed cannot be opened, in words; empty where it can."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        return "is missing"
    except IsADirectoryError:
        return "is a folder"
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            return "may not be read by you (no permission)"
        return f"cannot be read ({error.strerror})"
    return ""


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # no permission to look: HDF5 may not look either, but nothing is proven
