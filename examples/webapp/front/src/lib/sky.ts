// SPDX-License-Identifier: BSD-3-Clause
// What the API tells of the sky, and where it lies on the all-sky map: zenith in the middle, north up, east left.

export interface AltAz {
  alt: number;
  az: number;
}

export interface Entry extends AltAz {
  name: string;
  kind: string;
  ra: number;
  dec: number;
  flux?: number | null;
}

export interface SkyMount {
  name: string;
  state: string;
  commanded: AltAz;
  actual: AltAz;
  on_target: boolean;
  tracking: boolean;
  target: string | null;
  track: [number, number][];
}

export interface Sky {
  time: string;
  lst_deg: number;
  galactic_plane: [number, number][];
  sun: AltAz;
  moon: AltAz & { illuminated: number };
  catalogue: Entry[];
  mounts: SkyMount[];
}

export interface Found extends AltAz {
  name: string;
  kind: string;
  ra: number;
  dec: number;
  l: number;
  b: number;
}

export interface Visibility {
  rise: string | null;
  transit: string | null;
  set: string | null;
  transit_altitude_deg: number | null;
  up_now: boolean;
  tonight: [string, string][];
  altitude: [string, number][];
  horizon: [string, number][]; // its altitude where the place is then
}

const RADIANS = Math.PI / 180;

/** Zenithal equidistant: the horizon is the circle of radius 1. */
export function onMap(az: number, alt: number): [number, number] {
  const radius = (90 - alt) / 90;
  return [-radius * Math.sin(az * RADIANS), -radius * Math.cos(az * RADIANS)];
}

export function offMap(x: number, y: number): AltAz {
  const az = (Math.atan2(-x, -y) / RADIANS + 360) % 360;
  return { az, alt: 90 - 90 * Math.hypot(x, y) };
}

const written = (points: [number, number][]) => points.map(([x, y]) => `${x.toFixed(4)} ${y.toFixed(4)}`);

/** A line through [az, alt]; below the horizon it is left out. */
export function line(points: readonly [number, number][]): string {
  let path = "";
  let drawing = false;
  for (const [az, alt] of points) {
    if (alt < 0) {
      drawing = false;
      continue;
    }
    path += `${drawing ? "L" : "M"}${written([onMap(az, alt)])[0]}`;
    drawing = true;
  }
  return path;
}

/** What is behind the horizon's line: the ring from it out to the horizon. */
export function mask(horizon: readonly [number, number][]): string {
  if (horizon.length === 0) return "";
  const known = [...horizon].sort((a, b) => a[0] - b[0]);
  const edge: [number, number][] = [];
  for (let az = 0; az < 360; az += 2) edge.push(onMap(az, Math.max(0, between(known, az))));
  return `M${written(edge).join("L")}Z M0 -1A1 1 0 1 0 0 1A1 1 0 1 0 0 -1Z`;
}

function between(known: readonly [number, number][], az: number): number {
  const after = known.findIndex((point) => point[0] >= az);
  const upper = known[after < 0 ? 0 : after] ?? [0, 0];
  const lower = known[after <= 0 ? known.length - 1 : after - 1] ?? [0, 0];
  const width = (upper[0] - lower[0] + 360) % 360 || 360;
  return lower[1] + ((upper[1] - lower[1]) * ((az - lower[0] + 360) % 360)) / width;
}

/** North-east, south, ... */
export function compass(az: number): string {
  const names = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];
  return names[Math.round((((az % 360) + 360) % 360) / 45) % 8] ?? "N";
}
