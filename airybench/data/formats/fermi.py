"""Files of the end station LDM at FERMI: one folder for each run, with several files."""

import re

from airybench.data.formats.layout import Layout
from airybench.data.hdf5.tree import FileTree
from airybench.data.reading.options import Selection, StackKeys

KIND, TITLE = "fermi", "FERMI file (end station LDM)"
NEEDS = "/vmi/andor and /bunches"

_IMAGES, _BUNCHES, _PERIOD = "vmi/andor", "bunches", "Background_Period"
_WAVELENGTH = "photon_source/FEL*/wavelength"
_RUN = r"Run_(\d+)"


def layout(tree: FileTree) -> Layout | None:
    """Images, bunch numbers, wavelength, the run by its folder, and the bunches without sample."""
    if not (tree.first(_IMAGES) and tree.first(_BUNCHES)):
        return None
    wavelengths = [key for key in tree.matching(_WAVELENGTH) if key in tree.datasets]
    return Layout(
        keys=StackKeys(
            images=_IMAGES,
            ids=(_BUNCHES,),
            wavelength=wavelengths[0] if wavelengths else None,
            group_by=_RUN if re.search(_RUN, str(tree.path.absolute())) else "folder",
        ),
        restarts=True,
        selection=Selection(every=tree.first(_PERIOD)),
        notes=_others(wavelengths),
    )


def _others(wavelengths: list[str]) -> dict[str, str]:
    """A word on further sources of photons."""
    if len(wavelengths) < 2:
        return {}
    text = f"the wavelength is that of /{wavelengths[0]}; for another give --wavelength {wavelengths[1]}"
    return {"wavelength": text}
