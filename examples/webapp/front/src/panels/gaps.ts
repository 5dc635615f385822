// SPDX-License-Identifier: BSD-3-Clause
// Where nothing was measured, no line is drawn: buckets without values are left out of the answer.

import type { Data } from "../components/Plot.svelte";

const FACTOR = 5; // so much longer than the usual pause is a gap

export function withGaps(times: number[], values: number[][], step: number): Data {
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const usual = pauses.toSorted((a, b) => a - b)[Math.floor(pauses.length / 2)] ?? 0;
  const longest = Math.max(usual, step) * FACTOR;
  if (!pauses.some((pause) => pause > longest)) return [times, ...values];
  const rows: (number | null)[][] = values.map(() => []);
  const drawn: number[] = [];
  for (const [index, time] of times.entries()) {
    const last = times[index - 1];
    if (last !== undefined && time - last > longest) {
      drawn.push((last + time) / 2);
      for (const row of rows) row.push(null);
    }
    drawn.push(time);
    for (const [which, row] of rows.entries()) row.push(values[which]?.[index] ?? null);
  }
  return [drawn, ...rows];
}
