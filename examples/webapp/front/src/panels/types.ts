// SPDX-License-Identifier: BSD-3-Clause
// What the routes of these pages answer, as the API's description says.

export interface Hold {
  name: string;
  holder: string | null;
  rank: string | null; // operator, handset, observation
  is_mine: boolean;
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
  issued: string;
  state: string;
  message: string;
}

export interface Latest {
  id: string;
  value: unknown;
  unit: string | null;
  timestamp: string;
  quality: string;
  stale: boolean;
}

export interface History {
  id: string;
  unit: string | null;
  from: string;
  to: string;
  step_s: number;
  limits: Record<string, number | null> | null;
  time: number[];
  mean: number[];
  min: number[];
  max: number[];
  count: number[];
}

export interface Module {
  id: string;
  kind: "node" | "http";
  state: "online" | "stale" | "offline" | "pending";
  admitted: boolean;
  admitted_by: string;
  since: string | null;
  last_seen: string | null;
  boot: number | null;
  versions: Record<string, string> | null;
  devices: string[];
  waiting: number | null;
  stored: number | null;
  shed: number | null;
  camera: boolean;
}

export interface LogLine {
  time: string;
  level: string;
  source: string;
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
  module: string; // empty: any
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
