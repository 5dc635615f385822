// SPDX-License-Identifier: BSD-3-Clause
// What the routes of these pages answer, as the API's description says.

export interface Hold {
  name: string;
  holder: string | null;
  since: string | null;
  expires_at: string | null;
  requests: { who: string; since: string }[];
}

export interface Fate {
  command_id: string;
  device: string;
  command: string;
  parameters: Record<string, unknown> | null;
  issuer: string;
  issued_at: string;
  state: string;
  message: string;
}

export interface Latest {
  id: string;
  value: unknown;
  unit: string;
  timestamp: string;
  quality: string;
  stale: boolean;
}

export interface History {
  id: string;
  unit: string;
  from: string;
  to: string;
  step_s: number;
  limits: Record<string, number | null> | null;
  time: number[];
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  count: number[];
}

export interface Module {
  id: string;
  kind: "node" | "http";
  state: "online" | "stale" | "offline" | "pending";
  admitted: boolean;
  since: string | null;
  last_seen: string | null;
  boot: number | null;
  versions: Record<string, string> | null;
  devices: string[];
  waiting: number;
  stored: number;
  shed: number;
  camera: boolean;
}

export interface LogLine {
  time: string;
  level: string;
  source?: string;
  message: string;
}

export interface Alarm {
  id: string;
  name: string;
  point: string;
  level: "normal" | "warning" | "alarm";
  state: "raised" | "cleared";
  message: string;
  value: unknown;
  unit: string;
  raised: string;
  changed: string;
  cleared: string | null;
  acknowledged: string | null;
  acknowledged_by: string;
  note: string;
  silenced_until: string | null;
}

export interface Key {
  id: number;
  name: string;
  role: string;
  module: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export interface Entry {
  id: number;
  time: string;
  who: string;
  way: string;
  address: string;
  action: string;
  subject: string;
  details: Record<string, unknown> | null;
  outcome: string;
}
