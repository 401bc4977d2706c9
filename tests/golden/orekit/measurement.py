"""Have Orekit predict measurements of a two-body orbit from some places, and write measurement.json."""

import json
import math
from pathlib import Path

import oracle
from oracle import java

EPOCH = "2010-11-02T02:56:15.690"
STATE_GCRF = [-40541447.0, -9905355.0, 206773.5, 759.0684, -1476.5157, 54.79308]
MU = 3.986004418e14
PLACES = [
    ("Apennines", 41.9775, 13.6004, 671.0),
    ("Korea", 36.1248, 127.4872, 181.0),
    ("New South Wales", -30.6329, 151.5651, 1163.0),
    ("Highveld", -25.8855, 27.7074, 1567.0),
    ("Rockies", 39.2765, -104.8064, 2095.0),
]
ELEVATIONS_DEG = [3.0, 5.0, 10.0, 20.0, 35.0, 60.0, 85.0]


def states():
    frames = java("orekit.frames.FramesFactory")
    orbit = java("orekit.orbits.CartesianOrbit")(
        java("orekit.utils.PVCoordinates")(oracle.vector(STATE_GCRF[:3]), oracle.vector(STATE_GCRF[3:])),
        frames.getGCRF(),
        oracle.date(EPOCH),
        MU,
    )
    return java("orekit.propagation.analytical.KeplerianPropagator")(orbit)


def predicted(body, propagator):
    package = "orekit.estimation.measurements."
    satellite = java(package + "ObservableSatellite")(0)
    rows = []
    for name, latitude, longitude, height in PLACES:
        point = java("orekit.bodies.GeodeticPoint")(math.radians(latitude), math.radians(longitude), height)
        topocentric = java("orekit.frames.TopocentricFrame")(body, point, name)
        ground = java(package + "GroundStation")(topocentric)
        for seconds in (0.0, 7200.0, 36000.0, 50000.0):
            when = oracle.date(EPOCH).shiftedBy(seconds)
            state = propagator.propagate(when)
            made = {
                "range_two_way_m": java(package + "Range")(ground, True, when, 0.0, 1.0, 1.0, satellite),
                "range_one_way_m": java(package + "Range")(ground, False, when, 0.0, 1.0, 1.0, satellite),
                "azimuth_elevation_rad": java(package + "AngularAzEl")(
                    ground, when, [0.0, 0.0], [1.0, 1.0], [1.0, 1.0], satellite
                ),
                "right_ascension_declination_rad": java(package + "AngularRaDec")(
                    ground,
                    java("orekit.frames.FramesFactory").getGCRF(),
                    when,
                    [0.0, 0.0],
                    [1.0, 1.0],
                    [1.0, 1.0],
                    satellite,
                ),
            }
            for driver in (driver for one in made.values() for driver in one.getParametersDrivers()):
                driver.setReferenceDate(oracle.date(EPOCH))
            row = {kind: list(one.estimate(0, 0, [state]).getEstimatedValue()) for kind, one in made.items()}
            rows.append({"place": name, "seconds": seconds} | row)
    return rows


def atmosphere():
    package = "orekit.models.earth."
    model = java(package + "troposphere.ModifiedSaastamoinenModel").getStandardModel()
    rows = []
    for _, latitude, longitude, height in PLACES:
        point = java("orekit.bodies.GeodeticPoint")(math.radians(latitude), math.radians(longitude), height)
        bending = java(package + "ITURP834AtmosphericRefraction")(height)
        for elevation_deg in ELEVATIONS_DEG:
            elevation = math.radians(elevation_deg)
            seen = java("orekit.utils.TrackingCoordinates")(0.0, elevation, 4e7)
            delay = model.pathDelay(seen, point, [], oracle.date(EPOCH)).getDelay()
            rows.append(
                {
                    "latitude_deg": latitude,
                    "height_m": height,
                    "elevation_deg": elevation_deg,
                    "range_delay_m": delay,
                    "refraction_rad": bending.getRefraction(elevation),
                }
            )
    return rows


def main():
    oracle.use_data(oracle.OREKIT_DATA)
    body = oracle.earth(simple_eop=False)
    result = {
        "made_with": oracle.VERSIONS,
        "epoch_utc": EPOCH,
        "state_gcrf": STATE_GCRF,
        "mu_m3_s2": MU,
        "places": [
            dict(zip(("id", "latitude_deg", "longitude_deg", "height_m"), row, strict=True)) for row in PLACES
        ],
        "measurements": predicted(body, states()),
        "atmosphere": atmosphere(),
    }
    Path(__file__).with_name("measurement.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
