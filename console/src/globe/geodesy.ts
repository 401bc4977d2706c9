// The Earth's figure for drawing: WGS 84, in units of the equatorial radius, on ITRF axes (z north).

export const EARTH_RADIUS_KM = 6378.137;
export const POLAR_RATIO = 1 - 1 / 298.257223563;
export const EARTH_ROTATION_RAD_S = 7.292115146706979e-5;
const E2 = 1 - POLAR_RATIO * POLAR_RATIO;
const RAD = Math.PI / 180;

/** Point on the ellipsoid (lift: factor on the outcome), as x, y, z in equatorial radii. */
export function surface(lonDeg: number, latDeg: number, lift = 1): [number, number, number] {
  const lat = latDeg * RAD;
  const lon = lonDeg * RAD;
  const n = lift / Math.sqrt(1 - E2 * Math.sin(lat) ** 2);
  const across = n * Math.cos(lat);
  return [across * Math.cos(lon), across * Math.sin(lon), n * (1 - E2) * Math.sin(lat)];
}

/** Whether the Earth hides point p (equatorial radii) from the eye at e. */
export function hiddenByEarth(p: ArrayLike<number>, e: ArrayLike<number>): boolean {
  // Stretching z makes the ellipsoid a sphere and keeps straight lines straight.
  const ez = e[2] / POLAR_RATIO;
  const dx = p[0] - e[0];
  const dy = p[1] - e[1];
  const dz = p[2] / POLAR_RATIO - ez;
  const length2 = dx * dx + dy * dy + dz * dz;
  const t = -(e[0] * dx + e[1] * dy + ez * dz) / length2;
  if (t <= 0 || t >= 1) return false;
  const nx = e[0] + t * dx;
  const ny = e[1] + t * dy;
  const nz = ez + t * dz;
  return nx * nx + ny * ny + nz * nz < 1;
}

/** Unit vector to the Sun on ITRF axes, within 0.02 degrees (Astronomical Almanac, low precision, section C). */
export function sunDirection(tai: number): [number, number, number] {
  const days = tai / 86400; // TAI for UT1: 37 s turn the Earth by 0.15 degrees, taken off below
  const g = (357.528 + 0.9856003 * days) * RAD;
  const longitude = (280.46 + 0.9856474 * days + 1.915 * Math.sin(g) + 0.02 * Math.sin(2 * g)) * RAD;
  const obliquity = (23.439 - 4e-7 * days) * RAD;
  const ascension = Math.atan2(Math.cos(obliquity) * Math.sin(longitude), Math.cos(longitude));
  const declination = Math.asin(Math.sin(obliquity) * Math.sin(longitude));
  const ut1Days = days - 37 / 86400;
  const turn = 2 * Math.PI * (0.779057273264 + 1.00273781191135448 * ut1Days);
  // Right ascension is of date; the difference of sidereal time and rotation angle is precession, 0.0128 deg/year.
  const sidereal = turn + (0.012814 * days * RAD) / 365.25;
  const lon = ascension - sidereal;
  return [Math.cos(declination) * Math.cos(lon), Math.cos(declination) * Math.sin(lon), Math.sin(declination)];
}

/** Geodetic latitude and longitude in degrees and height in km of an ITRF position in km (Bowring 1976, one step). */
export function geodetic(km: ArrayLike<number>): { latDeg: number; lonDeg: number; heightKm: number } {
  const [x, y, z] = [km[0], km[1], km[2]];
  const across = Math.hypot(x, y);
  const polarKm = EARTH_RADIUS_KM * POLAR_RATIO;
  const theta = Math.atan2(z, across * POLAR_RATIO);
  const second = E2 / (1 - E2);
  const lat = Math.atan2(
    z + second * polarKm * Math.sin(theta) ** 3,
    across - E2 * EARTH_RADIUS_KM * Math.cos(theta) ** 3,
  );
  const n = EARTH_RADIUS_KM / Math.sqrt(1 - E2 * Math.sin(lat) ** 2);
  const heightKm = across * Math.cos(lat) + z * Math.sin(lat) - n * (1 - E2 * Math.sin(lat) ** 2);
  return { latDeg: lat / RAD, lonDeg: Math.atan2(y, x) / RAD, heightKm };
}
