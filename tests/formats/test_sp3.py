"""Precise orbits: above all, the right clock."""

import numpy as np
import pytest

from commonsky.astro.tabulated import OutsideTableError, interpolate
from commonsky.astro.time import tai_s_from_utc
from commonsky.formats.errors import FormatError
from commonsky.formats.sp3 import read_sp3

HEAD = """#cV2018 12 24 21 56  0.00000000       2 ORBIT ITRF  FIT CNES
## 2033 165360.00000000    60.00000000 58476 0.9138888888889
+    1   L74  0  0  0  0  0  0  0  0  0  0  0  0  0  0  0  0
%c L  cc {scale} ccc cccc cccc cccc cccc ccccc ccccc ccccc ccccc
%c cc cc ccc ccc cccc cccc cccc cccc ccccc ccccc ccccc ccccc
*  2018 12 24 21 56  0.00000000
PL74  -4380.408826    769.413868  -5647.173482 999999.999999
VL74  59518.998110  11168.857706 -44673.836982 999999.999999
EOF
"""


@pytest.mark.parametrize(
    ("scale", "ahead_s"),
    [("TAI", 37.0), ("GPS", 18.0), ("UTC", 0.0), ("BDT", 4.0), ("GLO", 0.0), ("ccc", 18.0)],
)
def test_the_time_scale_is_the_one_the_file_names(scale, ahead_s):
    orbit = read_sp3(HEAD.format(scale=scale).encode(), source="x").orbits["L74"]
    assert orbit.epochs_tai_s[0] == pytest.approx(tai_s_from_utc("2018-12-24T21:56:00") - ahead_s)
    assert orbit.positions_itrf_m[0, 0] == pytest.approx(-4380408.826)
    assert orbit.velocities_itrf_m_s[0, 0] == pytest.approx(5951.899811)


def test_a_scale_that_nobody_knows_is_refused_with_its_line():
    with pytest.raises(FormatError, match="line 4"):
        read_sp3(HEAD.format(scale="XYZ").encode(), source="x")


def test_a_bad_line_is_listed_and_the_rest_kept():
    bad = HEAD.format(scale="GPS").replace("EOF", "PL75  -4380.4x8826    769.413868  -5647.173482\nEOF")
    found = read_sp3(bad.encode(), source="x")
    assert list(found.orbits) == ["L74"]
    assert [one.line for one in found.rejected] == [9]


def test_what_is_no_orbit_is_refused():
    with pytest.raises(FormatError, match="no SP3"):
        read_sp3(b"CCSDS_OEM_VERS = 2.0\n", source="x")


def test_velocities_between_the_rows_are_the_files_own(reference_data):
    file = reference_data("precise-orbits/ilrsa.orb.lageos2.160319.v35.sp3.gz")
    (orbit,) = read_sp3(file.read_bytes(), source=file.name).orbits.values()
    assert orbit.time_scale == "UTC"
    assert orbit.epochs_tai_s.size == 5040
    every, between = slice(0, 200, 2), slice(21, 180, 2)
    position, velocity = interpolate(
        orbit.epochs_tai_s[every], orbit.positions_itrf_m[every], orbit.epochs_tai_s[between]
    )
    np.testing.assert_allclose(position, orbit.positions_itrf_m[between], atol=0.02)
    np.testing.assert_allclose(velocity, orbit.velocities_itrf_m_s[between], atol=1e-3)


def test_nothing_is_extrapolated():
    epochs = np.arange(20.0)
    with pytest.raises(OutsideTableError):
        interpolate(epochs, np.zeros((20, 3)), [25.0])
