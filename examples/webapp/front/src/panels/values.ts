// SPDX-License-Identifier: BSD-3-Clause
import { number } from "../lib/format";

/** A value of any point as text. */
export function worth(value: unknown): string {
  if (typeof value === "number") return Math.abs(value) >= 1e6 && Math.abs(value) < 1e15 ? String(Math.round(value)) : number(value, 6);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value === null || value === undefined || value === "") return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
