// SPDX-License-Identifier: BSD-3-Clause
// Who is signed in. The server decides what he may; the rights here only say what is shown.

import { api, begin, forget, refresh, watchSession, type Answer } from "./api";
import { site } from "./site.svelte";

export type Role = "guest" | "observer" | "operator" | "curator" | "admin";
export type Right = "watch" | "observe" | "operate" | "curate" | "administer";

/** How one comes in here. */
export interface Ways {
  registration: "open" | "admitted" | "closed";
  guests: boolean;
  oidc: boolean;
  oidc_name: string;
  mail: boolean;
}

export interface User {
  id: number;
  username: string;
  email: string | null;
  role: Role;
  state: "active" | "pending" | "disabled";
  created_at: string;
  last_seen_at: string | null;
  must_change_password: boolean;
}

export interface Login extends Answer {
  token_type: "bearer";
  user: User;
}

const HINT = "session"; // that there was one, so that a stranger's first page asks nothing in vain

function hint(there: boolean): void {
  try {
    if (there) localStorage.setItem(HINT, "1");
    else localStorage.removeItem(HINT);
  } catch {
    // storage is switched off: each reload asks for the password
  }
}

function hinted(): boolean {
  try {
    return localStorage.getItem(HINT) !== null;
  } catch {
    return false;
  }
}

class Session {
  user = $state<User | null>(null);
  known = $state(false); // whether it is clear yet if somebody is signed in

  constructor() {
    watchSession(
      (answer) => {
        this.user = (answer as Login).user;
        hint(true);
      },
      () => {
        this.user = null;
        hint(false);
      },
    );
  }

  /** Whether there is somebody who may see more than his account. */
  get active(): boolean {
    return this.user?.state === "active" && !this.user.must_change_password;
  }

  may(right: Right): boolean {
    return this.user !== null && this.active && (site.settings?.roles[this.user.role]?.includes(right) ?? false);
  }

  async resume(): Promise<void> {
    if (hinted()) await refresh();
    this.known = true;
  }

  async login(username: string, password: string): Promise<void> {
    begin(await api.post<Login>("/api/auth/login", { username, password }));
  }

  async guest(username: string): Promise<void> {
    begin(await api.post<Login>("/api/auth/guest", { username }));
  }

  /** Before the page goes to the provider of OpenID Connect: it comes back with a cookie. */
  expect(): void {
    hint(true);
  }

  /** Asks again who this is: after what changes it. */
  async renew(): Promise<void> {
    this.user = await api.get<User>("/api/auth/me");
  }

  async logout(): Promise<void> {
    try {
      await api.post("/api/auth/logout");
    } finally {
      forget();
      hint(false);
      this.user = null;
    }
  }
}

export const session = new Session();
