// SPDX-License-Identifier: BSD-3-Clause
// Numbers, angles and times as people read them.

const two = (value: number) => String(value).padStart(2, "0");

/** 14:03:05 of UTC. */
export function utc(time: Date | string, seconds = true): string {
  const given = new Date(time);
  const text = `${two(given.getUTCHours())}:${two(given.getUTCMinutes())}`;
  return seconds ? `${text}:${two(given.getUTCSeconds())}` : text;
}

/** 14:03:05 where the reader is. */
export function local(time: Date | string): string {
  const given = new Date(time);
  return `${two(given.getHours())}:${two(given.getMinutes())}:${two(given.getSeconds())}`;
}

/** 2026-01-15 14:03 UTC; without the date when it is today. */
export function when(time: Date | string | null | undefined, now: Date = new Date()): string {
  if (!time) return "–";
  const given = new Date(time);
  if (Number.isNaN(given.getTime())) return "–";
  const day = given.toISOString().slice(0, 10);
  const clock = `${utc(given, false)} UTC`;
  return day === now.toISOString().slice(0, 10) ? clock : `${day} ${clock}`;
}

/** 2 h 05 min, 3 min 20 s, 12 s. */
export function span(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return "–";
  const whole = Math.round(Math.abs(seconds));
  const sign = seconds < 0 && whole > 0 ? "−" : "";
  if (whole >= 86_400) return `${sign}${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
  if (whole >= 3600) return `${sign}${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  if (whole >= 60) return `${sign}${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${sign}${whole} s`;
}

/** 5h 34m 32s from degrees. */
export function hours(degrees: number): string {
  const seconds = Math.round(((((degrees % 360) + 360) % 360) / 15) * 3600) % 86_400;
  return `${two(Math.floor(seconds / 3600))}h ${two(Math.floor((seconds % 3600) / 60))}m ${two(seconds % 60)}s`;
}

/** +22° 00′ 52″ from degrees. */
export function degrees(value: number): string {
  const seconds = Math.round(Math.abs(value) * 3600);
  const sign = value < 0 && seconds > 0 ? "−" : "+";
  return `${sign}${two(Math.floor(seconds / 3600))}° ${two(Math.floor((seconds % 3600) / 60))}′ ${two(seconds % 60)}″`;
}

/** A number with so many significant digits, in plain notation where that is short. */
export function number(value: number | null | undefined, digits = 4): string {
  if (value == null || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text =
    size >= 1e6 || size < 1e-3 ? value.toExponential(digits - 1) : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−");
}

export function fixed(value: number | null | undefined, places = 1): string {
  return value == null || !Number.isFinite(value) ? "–" : value.toFixed(places).replace("-", "−");
}

export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}
