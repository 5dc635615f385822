// SPDX-License-Identifier: BSD-3-Clause
// Paths in a box of 24, drawn as lines.

export const ICONS = {
  sky: "M3 18a9 9 0 0 1 18 0M3 18h18M12 9V5M7.5 11 6 8M16.5 11 18 8M12 14h.01",
  observe: "M3 17l4-6 3 4 3-10 3 10 2-4 3 6M3 21h18",
  control: "M12 3v6M12 15v6M3 12h6M15 12h6M12 12h.01M9.5 5.5 12 3l2.5 2.5M9.5 18.5 12 21l2.5-2.5M5.5 9.5 3 12l2.5 2.5M18.5 9.5 21 12l-2.5 2.5",
  telemetry: "M3 3v18h18M6 16l4-5 4 3 6-8",
  modules: "M4 4h7v7H4zM13 13h7v7h-7zM13 4h7v7h-7zM4 13h7v7H4z",
  alarms: "M12 4a6 6 0 0 0-6 6v4l-2 3h16l-2-3v-4a6 6 0 0 0-6-6zM10 20a2 2 0 0 0 4 0",
  admin: "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4",
  account: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  moon: "M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  close: "M5 5l14 14M19 5 5 19",
  download: "M12 3v12M7 10l5 5 5-5M4 21h16",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 21 21",
  up: "M12 20V4M6 10l6-6 6 6",
} as const;

export type IconName = keyof typeof ICONS;
