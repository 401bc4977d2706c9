// The orbit of the selected object. An inertial curve is turned back as the Earth turns under it.

import { BufferGeometry, Float32BufferAttribute, Line, LineBasicMaterial } from "three";
import type { Orbit } from "../api";
import { setRaw } from "./earth";
import { EARTH_RADIUS_KM, EARTH_ROTATION_RAD_S } from "./geodesy";
import type { Palette } from "./palette";

export class OrbitLine {
  readonly line = new Line(new BufferGeometry(), new LineBasicMaterial());
  private orbit: Orbit | null = null;

  constructor() {
    this.line.frustumCulled = false;
    this.line.visible = false;
    this.line.renderOrder = 1;
  }

  show(orbit: Orbit | null): void {
    this.orbit = orbit;
    this.line.visible = orbit !== null;
    if (!orbit) return;
    const flat = orbit.points_itrf_km.flat().map((km) => km / EARTH_RADIUS_KM);
    this.line.geometry.dispose();
    this.line.geometry = new BufferGeometry();
    this.line.geometry.setAttribute("position", new Float32BufferAttribute(flat, 3));
  }

  move(tai: number): void {
    if (!this.orbit) return;
    const inertial = this.orbit.frame === "inertial";
    this.line.rotation.z = inertial ? -EARTH_ROTATION_RAD_S * (tai - this.orbit.t_tai_s) : 0;
  }

  paint(palette: Palette): void {
    setRaw(this.line.material.color, palette.orbit);
  }
}
