// Where the globe is looked at from: a point over the Earth and a distance, moved by pointer, wheel and keys.

import { PerspectiveCamera, Vector3 } from "three";
import { EARTH_RADIUS_KM } from "./geodesy";

const FIELD_DEG = 32;
const NEAREST = 1.2;
const FARTHEST = 60;
const HOME = { lonDeg: 12, latDeg: 28, distance: 4.8 };

export class Viewpoint {
  readonly camera = new PerspectiveCamera(FIELD_DEG, 1, 0.01, 200);
  private lonDeg = HOME.lonDeg;
  private latDeg = HOME.latDeg;
  private distance = HOME.distance;

  constructor(private readonly changed: () => void) {
    this.camera.up.set(0, 0, 1);
    this.place();
  }

  get eye(): Vector3 {
    return this.camera.position;
  }

  resize(width: number, height: number): void {
    this.camera.aspect = width / height;
    // The field is that of the shorter side, so that the globe fits a tall window too.
    const short = Math.tan((FIELD_DEG * Math.PI) / 360) / Math.min(1, this.camera.aspect);
    this.camera.fov = (Math.atan(short) * 360) / Math.PI;
    this.place();
  }

  turn(lonDeg: number, latDeg: number): void {
    this.lonDeg = ((this.lonDeg + lonDeg + 540) % 360) - 180;
    this.latDeg = Math.max(-89, Math.min(89, this.latDeg + latDeg));
    this.place();
  }

  zoom(factor: number): void {
    // By the height over the ground: each step is the same share of what is left.
    this.distance = Math.max(NEAREST, Math.min(FARTHEST, 1 + (this.distance - 1) * factor));
    this.place();
  }

  home(): void {
    Object.assign(this, HOME);
    this.place();
  }

  /** Look at a point (equatorial radii, ITRF) from above it, far enough to see it in front. */
  face(point: ArrayLike<number>): void {
    const radius = Math.hypot(point[0], point[1], point[2]);
    this.lonDeg = (Math.atan2(point[1], point[0]) * 180) / Math.PI;
    this.latDeg = Math.max(-89, Math.min(89, (Math.asin(point[2] / radius) * 180) / Math.PI));
    this.distance = Math.max(this.distance, Math.min(FARTHEST, radius * 1.35));
    this.place();
  }

  /** What one pixel of a canvas so many pixels high spans on the ground below, km. */
  kmPerPixel(height: number): number {
    const ground = Math.max(0.15, this.distance - 1);
    return (2 * Math.tan((FIELD_DEG * Math.PI) / 360) * ground * EARTH_RADIUS_KM) / height;
  }

  /** Degrees of turn for a drag of one pixel: the ground stays below the pointer. */
  degreesPerPixel(height: number): number {
    return (this.kmPerPixel(height) / EARTH_RADIUS_KM) * (180 / Math.PI);
  }

  private place(): void {
    const lat = (this.latDeg * Math.PI) / 180;
    const lon = (this.lonDeg * Math.PI) / 180;
    const across = this.distance * Math.cos(lat);
    this.camera.position.set(across * Math.cos(lon), across * Math.sin(lon), this.distance * Math.sin(lat));
    this.camera.near = Math.max(0.005, (this.distance - 1) * 0.1);
    this.camera.far = this.distance + 60;
    this.camera.lookAt(0, 0, 0);
    this.camera.updateProjectionMatrix();
    this.camera.updateMatrixWorld();
    this.changed();
  }
}
