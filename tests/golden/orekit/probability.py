"""Have Orekit's short-encounter methods say probabilities in the encounter plane, and write probability.json."""

import json
from pathlib import Path

import oracle
from oracle import java

METHODS = ["Alfano2005", "Alfriend1999", "Alfriend1999Max", "Chan1997", "Laas2015", "Patera2005"]
# Miss along both principal axes, sigmas of both, radius, in metres: from plain to long, thin, far and near.
CASES = [
    (0.0, 10.0, 25.0, 50.0, 5.0),
    (10.0, 0.0, 25.0, 50.0, 5.0),
    (0.0, 10.0, 25.0, 75.0, 5.0),
    (0.0, 1000.0, 1000.0, 3000.0, 10.0),
    (1000.0, 0.0, 1000.0, 3000.0, 10.0),
    (0.0, 10000.0, 1000.0, 10000.0, 10.0),
    (10000.0, 10000.0, 3000.0, 10000.0, 10.0),
    (84.875546, 60.583685, 57.918666, 152.8814468, 10.3),
    (-81.618369, 115.055899, 15.988242, 5756.840725, 1.3),
    (102.177247, 693.405893, 94.230921, 643.409272, 5.3),
    (-752.672701, 644.939441, 445.859950, 6095.858688, 3.5),
    (-692.362272, 4475.456261, 193.454603, 562.027293, 13.2),
    (3.8872073, 0.1591646, 1.4101830, 114.2585190, 15.0),
    (2.0, -1.0, 300.0, 4.0, 20.0),
    (400.0, 30.0, 120.0, 80.0, 20.0),
    (50.0, 20.0, 12.0, 9.0, 3.0),
]


def said(name, case):
    """The value, or None where Orekit says that the approximation leaves the range of a probability."""
    method = java("orekit.ssa.collision.shorttermencounter.probability.twod." + name)()
    try:
        return method.compute(*case).getValue()
    except java("hipparchus.exception.MathIllegalArgumentException"):
        return None


def main():
    rows = [{"case": case} | {name: said(name, case) for name in METHODS} for case in CASES]
    result = {
        "made_with": oracle.VERSIONS,
        "columns": ["x_m", "y_m", "sigma_x_m", "sigma_y_m", "radius_m"],
        "rows": rows,
    }
    Path(__file__).with_name("probability.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
