"""Fit the tracking of W3B with Orekit, set as in Orekit's own test of this case, and write w3b.json.

Usage: python w3b.py FOLDER, where FOLDER holds W3B.aer, od_test_W3.in and the environment files beside them.
"""

import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import oracle
from oracle import java

DEGREE = 20
SIGMA_LIMIT, FIRST_ITERATION = 6.0, 2


def settings(path):
    """Give the key = value lines of an input file, keys with their index."""
    found = {}
    for line in path.read_text().splitlines():
        if match := re.match(r"\s*([\w.]+)\s*(\[\d+\])?\s*=\s*(.*?);?\s*$", line):
            found[match[1] + (match[2] or "")] = match[3]
    return found


def stations(given, body):
    made = {}
    for i in range(5):

        def get(key, i=i):
            return given[f"ground.station.{key}[{i}]"]

        point = java("orekit.bodies.GeodeticPoint")(
            math.radians(float(get("latitude"))),
            math.radians(float(get("longitude"))),
            float(get("altitude")),
        )
        name = get("name")
        ground = java("orekit.estimation.measurements.GroundStation")(
            java("orekit.frames.TopocentricFrame")(body, point, name)
        )
        made[name] = Station(name, ground, point, get)
    return made


class Station:
    """A station with its biases and corrections, as the input file says."""

    def __init__(self, name, ground, point, get):
        modifiers = "orekit.estimation.measurements.modifiers."
        bias = java(modifiers + "Bias")
        self.ground = ground
        self.range_sigma = float(get("range.sigma"))
        self.angle_sigmas = [math.radians(float(get(f"{axis}.sigma"))) for axis in ("azimuth", "elevation")]
        self.range_bias = bias(
            [f"{name}/range bias"], [float(get("range.bias"))], [self.range_sigma], [-5e4], [5e4]
        )
        limit = math.radians(0.5)
        self.angle_bias = bias(
            [f"{name}/azimuth bias", f"{name}/elevation bias"],
            [math.radians(float(get(f"{axis}.bias"))) for axis in ("azimuth", "elevation")],
            self.angle_sigmas,
            [-limit] * 2,
            [limit] * 2,
        )
        for one in (self.range_bias, self.angle_bias):
            for driver in one.getParametersDrivers():
                driver.setSelected(True)
        tropo = "orekit.models.earth.troposphere."
        self.delay = java(modifiers + "RangeTroposphericDelayModifier")(
            java(tropo + "ModifiedSaastamoinenModel")(
                java(tropo + "TroposphericModelUtils").STANDARD_ATMOSPHERE_PROVIDER
            )
        )
        self.refraction = java(modifiers + "AngularRadioRefractionModifier")(
            java("orekit.models.earth.ITURP834AtmosphericRefraction")(point.getAltitude())
        )


def measurements(path, sites, onboard_bias):
    """Orekit's measurements in the order of the file."""
    package = "orekit.estimation.measurements."
    satellite = java(package + "ObservableSatellite")(0)
    transponder = java(package + "modifiers.Bias")(["transponder"], [onboard_bias], [1.0], [-5e4], [5e4])
    range_filter = java(package + "modifiers.OutlierFilter")(FIRST_ITERATION, SIGMA_LIMIT)
    angle_filter = java(package + "modifiers.OutlierFilter")(FIRST_ITERATION, SIGMA_LIMIT)
    made = []
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        time, kind, name, *values = line.split()
        site, when = sites[name], oracle.date(time)
        if kind == "RANGE":
            one = java(package + "Range")(
                site.ground, True, when, float(values[0]) * 1e3, site.range_sigma, 1.0, satellite
            )
            one.addModifier(site.range_bias)
            one.addModifier(transponder)
            one.addModifier(site.delay)
            one.addModifier(range_filter)
        else:
            angles = [math.radians(float(value)) for value in values]
            one = java(package + "AngularAzEl")(
                site.ground, when, angles, site.angle_sigmas, [1.0, 1.0], satellite
            )
            one.addModifier(site.refraction)
            one.addModifier(site.angle_bias)
            one.addModifier(angle_filter)
        made.append((name, kind, one))
    return made


def propagator_builder(given, body):
    gravity = java("orekit.forces.gravity.potential.GravityFieldFactory").getNormalizedProvider(
        DEGREE, DEGREE
    )
    frames = java("orekit.frames.FramesFactory")
    start = java("orekit.orbits.CartesianOrbit")(
        java("orekit.utils.PVCoordinates")(
            oracle.vector(given[f"orbit.cartesian.p{axis}"] for axis in "xyz"),
            oracle.vector(given[f"orbit.cartesian.v{axis}"] for axis in "xyz"),
        ),
        frames.getEME2000(),
        oracle.date(given["orbit.date"]),
        gravity.getMu(),
    )
    conversion = "orekit.propagation.conversion."
    builder = java(conversion + "NumericalPropagatorBuilder")(
        start,
        java(conversion + "DormandPrince853IntegratorBuilder")(1e-3, 300.0, 10.0),
        java("orekit.orbits.PositionAngleType").MEAN,
        10.0,
    )
    builder.setMass(1000.0)
    bodies = java("orekit.bodies.CelestialBodyFactory")
    sun, moon = bodies.getSun(), bodies.getMoon()
    forces = "orekit.forces."
    builder.addForceModel(
        java(forces + "gravity.HolmesFeatherstoneAttractionModel")(body.getBodyFrame(), gravity)
    )
    for third in (sun, moon):
        builder.addForceModel(java(forces + "gravity.ThirdBodyAttraction")(third))
    area = float(given["drag.area"])
    msafe = java("orekit.models.earth.atmosphere.data.MarshallSolarActivityFutureEstimation")
    activity = msafe(msafe.DEFAULT_SUPPORTED_NAMES, msafe.StrengthLevel.AVERAGE)
    atmosphere = java("orekit.models.earth.atmosphere.DTM2000")(activity, sun, body)
    drag = java(forces + "drag.DragForce")(
        atmosphere, java(forces + "drag.IsotropicDrag")(area, float(given["drag.cd"]))
    )
    radiation = java(forces + "radiation.SolarRadiationPressure")(
        sun,
        body,
        java(forces + "radiation.IsotropicRadiationSingleCoefficient")(
            float(given["solar.radiation.pressure.area"]), float(given["solar.radiation.pressure.cr"])
        ),
    )
    builder.addForceModel(drag)
    builder.addForceModel(radiation)
    for name, axis in zip("XYZ", np.eye(3), strict=True):
        law = java(forces + "empirical.PolynomialAccelerationModel")(f"leak-{name}", None, 1)
        builder.addForceModel(
            java(forces + "empirical.ParametricAcceleration")(oracle.vector(axis), True, law)
        )
    for driver in builder.getPropagationParametersDrivers().getDrivers():
        driver.setSelected(str(driver.getName()).startswith(("drag coefficient", "leak")))
    return builder


def statistics(estimated):
    """Residuals (observed - estimated) of the used measurements, by station and kind and over all."""
    groups = {}
    for name, kind, one, evaluation in estimated:
        used = str(evaluation.getStatus()) == "PROCESSED"
        differences = np.array(one.getObservedValue()) - np.array(evaluation.getEstimatedValue())
        for part, value in zip(
            ["range_m"] if kind == "RANGE" else ["azimuth_deg", "elevation_deg"], differences, strict=True
        ):
            shown = value if part == "range_m" else math.degrees(math.remainder(value, 2 * math.pi))
            for group in (name, "all"):
                groups.setdefault(group, {}).setdefault(part, []).append((shown, used))
    return {
        group: {part: summary(values) for part, values in parts.items()} for group, parts in groups.items()
    }


def summary(values):
    used = np.array([value for value, is_used in values if is_used])
    return {
        "used": len(used),
        "rejected": len(values) - len(used),
        "mean": used.mean(),
        "standard_deviation": used.std(ddof=1),
        "minimum": used.min(),
        "maximum": used.max(),
    }


def orbit(propagator, estimator):
    frames = java("orekit.frames.FramesFactory")
    state = propagator.getInitialState()
    found = {"epoch_utc": str(state.getDate().toString(oracle.utc()))}
    for name, frame in (("eme2000", frames.getEME2000()), ("gcrf", frames.getGCRF())):
        coordinates = state.getPVCoordinates(frame)
        found[name] = oracle.row(coordinates.getPosition()) + oracle.row(coordinates.getVelocity())
    covariance = np.array([list(row) for row in estimator.getPhysicalCovariances(1e-20).getData()])
    turn = np.zeros((6, 6))
    matrix = frames.getEME2000().getTransformTo(frames.getGCRF(), state.getDate()).getRotation().getMatrix()
    turn[:3, :3] = turn[3:, 3:] = np.array([list(row) for row in matrix])
    found["covariance_gcrf"] = (turn @ covariance[:6, :6] @ turn.T).tolist()
    return found, covariance


def parameters(estimator, covariance):
    drivers = [
        *estimator.getPropagatorParametersDrivers(True).getDrivers(),
        *estimator.getMeasurementsParametersDrivers(True).getDrivers(),
    ]
    sigmas = np.sqrt(np.diag(covariance)[6:])
    return {
        re.sub(r"^Span|(?<=\])0?$", "", str(driver.getName())): {"value": driver.getValue(), "sigma": sigma}
        for driver, sigma in zip(drivers, sigmas, strict=True)
    }


def main(folder):
    oracle.use_data(folder, oracle.OREKIT_DATA / "Potential", oracle.OREKIT_DATA / "DE-440-ephemerides")
    given = settings(folder / "od_test_W3.in")
    body = oracle.earth()
    sites = stations(given, body)
    observed = measurements(folder / "W3B.aer", sites, float(given["onboard.range.bias"]))
    estimator = java("orekit.estimation.leastsquares.BatchLSEstimator")(
        java(
            "hipparchus.optim.nonlinear.vector.leastsquares.LevenbergMarquardtOptimizer"
        )().withInitialStepBoundFactor(1e6),
        [propagator_builder(given, body)],
    )
    for _, _, one in observed:
        estimator.addMeasurement(one)
    estimator.setParametersConvergenceThreshold(1e-3)
    estimator.setMaxIterations(20)
    estimator.setMaxEvaluations(25)
    propagator = estimator.estimate()[0]
    last = estimator.getLastEstimations()
    found, covariance = orbit(propagator, estimator)
    result = {
        "made_with": oracle.VERSIONS,
        "iterations": estimator.getIterationsCount(),
        "evaluations": estimator.getEvaluationsCount(),
        "orbit": found,
        "parameters": parameters(estimator, covariance),
        "residuals": statistics([(name, kind, one, last.get(one)) for name, kind, one in observed]),
    }
    Path(__file__).with_name("w3b.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
