// SPDX-License-Identifier: BSD-3-Clause
// What the page needs to know of its observatory, asked once.

import { api } from "./api";

export interface SiteSettings {
  site: string;
  location: { latitude: number; longitude: number; height: number } | null;
  registration: "open" | "admitted" | "closed";
  roles: string[];
  version: string;
}

class Site {
  settings = $state<SiteSettings | null>(null);

  async load(): Promise<void> {
    this.settings = await api.get<SiteSettings>("/api/settings");
  }
}

export const site = new Site();
