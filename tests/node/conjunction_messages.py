"""Conjunction messages as providers send them, written here by hand."""

import numpy as np

from commonsky.astro.time import utc_from_tai_s

SATELLITE, DEBRIS = "207322", "220401"


def cdm(tca_tai_s, made_tai_s, states, *, probability, sigma_m, radius_m=None):
    """A message in the standard's KVN: states (6,) in GCRF, the same sigma for all of position."""
    blocks = []
    for n, (name, state) in enumerate(zip((SATELLITE, DEBRIS), states, strict=True), start=1):
        state_km = state / 1e3
        rows = [
            f"OBJECT = OBJECT{n}", f"OBJECT_DESIGNATOR = {name}", "CATALOG_NAME = SATCAT", f"OBJECT_NAME = OBJ {n}",
            "INTERNATIONAL_DESIGNATOR = 2020-001A", "EPHEMERIS_NAME = NONE", "COVARIANCE_METHOD = CALCULATED",
            "MANEUVERABLE = N/A", "REF_FRAME = GCRF",
            *(f"{axis} = {value:.9f} [km]" for axis, value in zip("XYZ", state_km[:3], strict=True)),
            *(f"{axis}_DOT = {value:.12f} [km/s]" for axis, value in zip("XYZ", state_km[3:], strict=True)),
        ]  # fmt: skip
        axes = ("R", "T", "N", "RDOT", "TDOT", "NDOT")
        for i, row in enumerate(axes):
            for column in axes[: i + 1]:
                same = row == column
                value = (sigma_m**2 if i < 3 else 1e-4) if same else 0.0
                unit = "m**2" if i < 3 else "m**2/s" if len(column) == 1 else "m**2/s**2"
                rows.append(f"C{row}_{column} = {value} [{unit}]")
        blocks.append("\n".join(rows))
    miss_m = np.linalg.norm(states[1][:3] - states[0][:3])
    head = [
        "CCSDS_CDM_VERS = 1.0",
        f"CREATION_DATE = {utc_from_tai_s(made_tai_s).removesuffix('Z')}",
        "ORIGINATOR = CENTRE",
        "MESSAGE_ID = C-1",
        *([f"COMMENT HBR = {radius_m}"] if radius_m else []),
        f"TCA = {utc_from_tai_s(tca_tai_s, digits=3).removesuffix('Z')}",
        f"MISS_DISTANCE = {miss_m:.3f} [m]",
        f"COLLISION_PROBABILITY = {probability}",
        "COLLISION_PROBABILITY_METHOD = FOSTER-1992",
    ]
    return "\n".join([*head, *blocks, ""]).encode()
