// SPDX-License-Identifier: BSD-3-Clause
// Observations as the API tells of them: contract 4, the queue, what runs, results.

export type Status = "PENDING" | "IN_PROGRESS" | "COMPLETED" | "FAILED" | "CANCELLED";

export interface Observation {
  id: number;
  target_name: string;
  ra: number;
  dec: number;
  center_frequency: number;
  bandwidth: number;
  velocity_frame: string;
  observation_type: string;
  fft_size: number;
  integration_time: number;
  planned_start: string | null;
  user_id: number | null;
  username: string;
  status: Status;
  reason: string;
  created_on: string;
  updated_on: string;
  completed_on: string | null;
}

export interface Progress {
  id: number;
  target: string;
  user: string;
  status: Status;
  reason: string;
  stage: string;
  phase: string;
  fraction: number;
  left_s: number | null;
  samples_lost: number;
  total_power: number | null;
  unit: string;
  rest_frequency_mhz: number | null; // of the line that velocities are of
  exposure_s: number;
  azimuth_deg: number | null;
  altitude_deg: number | null;
  on_target: boolean | null;
}

export interface Waiting {
  key: string; // in the site's queue
  id: number | null; // null: not asked for here
  target: string;
  user: string;
  priority: number;
  expected_start: string | null;
  reason: string;
}

export interface Ended {
  id: number;
  target: string;
  user: string;
  status: Status;
  completed_on: string | null;
  reason: string;
  visible: boolean; // to who asks
}

export interface Queue {
  running: (Omit<Progress, "id"> & { id: number | null }) | null; // null: not asked for here
  waiting: Waiting[];
  ended: Ended[];
}

export interface Plan {
  starts: string;
  ends: string;
  duration_s: number;
  noise_k: number | null;
  sun_distance_deg: number | null;
  possible_from: string | null;
  steps: { label: string; begins: string; ends: string; problem?: string }[];
  problems: string[];
}

export interface Spectrum {
  id: number;
  target: string;
  axis: number[];
  axis_label: string;
  axis_unit: string;
  frequency_mhz: number[];
  unit: string;
  power: (number | null)[];
  sigma: (number | null)[];
  exposure_s: number;
  tsys_k: number | null;
  samples_lost: number;
  peak: Record<"temperature_k" | "temperature_error_k" | "velocity_km_s" | "velocity_error_km_s" | "noise_k", number | null> | null;
  start: string | null;
}

export interface Product {
  name: string;
  media_type: string;
  bytes: number | null;
  url: string;
}

export const SAYS: Record<Status, { text: string; kind: string }> = {
  PENDING: { text: "waiting", kind: "muted" },
  IN_PROGRESS: { text: "running", kind: "good" },
  COMPLETED: { text: "done", kind: "good" },
  FAILED: { text: "failed", kind: "bad" },
  CANCELLED: { text: "cancelled", kind: "warn" },
};
