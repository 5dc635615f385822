// SPDX-License-Identifier: BSD-3-Clause
// The stretch of time that all charts of the page show, in seconds since 1970.

export interface View {
  from: number;
  to: number;
  follows: boolean; // its end is now
}

export const SPANS: { name: string; says: string; seconds: number }[] = [
  { name: "1 min", says: "one minute", seconds: 60 },
  { name: "10 min", says: "ten minutes", seconds: 600 },
  { name: "1 h", says: "one hour", seconds: 3600 },
  { name: "6 h", says: "six hours", seconds: 21600 },
  { name: "1 d", says: "one day", seconds: 86400 },
  { name: "1 w", says: "one week", seconds: 604800 },
  { name: "1 mo", says: "one month", seconds: 2592000 },
  { name: "1 y", says: "one year", seconds: 31557600 },
  { name: "5 y", says: "five years", seconds: 157788000 },
];

const SHORTEST = 2;
const LONGEST = 50 * 31557600;

const now = (): number => Date.now() / 1000;

export function following(seconds: number): View {
  return { from: now() - seconds, to: now(), follows: true };
}

/** By `factor` shorter (below one) or longer about an instant; what would reach beyond now follows it. */
export function zoomed(view: View, factor: number, about?: number): View {
  const span = Math.min(LONGEST, Math.max(SHORTEST, (view.to - view.from) * factor));
  if (view.follows) return following(span);
  const centre = about ?? (view.from + view.to) / 2;
  const part = (centre - view.from) / (view.to - view.from);
  return bounded({ from: centre - span * part, to: centre + span * (1 - part), follows: false });
}

/** By this part of its length earlier (negative) or later. */
export function shifted(view: View, part: number): View {
  const by = (view.to - view.from) * part;
  return bounded({ from: view.from + by, to: view.to + by, follows: false });
}

export function between(from: number, to: number): View {
  const span = Math.max(SHORTEST, to - from);
  return bounded({ from, to: from + span, follows: false });
}

function bounded(view: View): View {
  return view.to > now() ? following(view.to - view.from) : view;
}

/** As a field for date and time takes it, in UTC. */
export function toField(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}

export function fromField(text: string): number | null {
  const time = Date.parse(text + "Z");
  return Number.isNaN(time) ? null : time / 1000;
}
