// SPDX-License-Identifier: BSD-3-Clause
// What the page needs to know of its observatory, asked once.

import { api } from "./api";
import { clock } from "./clock.svelte";

export interface SiteSettings {
  name: string;
  location: { latitude: number; longitude: number; height: number };
  registration: "open" | "admitted" | "closed";
  guests: boolean;
  roles: Record<string, string[]>; // and their rights
  version: string;
}

export interface SiteInfo {
  name: string;
  horizon: [number, number][];
  time: string; // by the observatory's clock, which may be simulated
  clock_speed: number;
}

class Site {
  settings = $state.raw<SiteSettings | null>(null);
  info = $state.raw<SiteInfo | null>(null); // for who is signed in

  async load(): Promise<void> {
    this.settings = await api.get<SiteSettings>("/api/settings");
  }

  async loadInfo(): Promise<void> {
    const given = await api.get<SiteInfo>("/api/site");
    clock.heard(given.time, given.clock_speed);
    this.info = given;
  }
}

export const site = new Site();
