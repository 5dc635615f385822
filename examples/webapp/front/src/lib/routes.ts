// SPDX-License-Identifier: BSD-3-Clause
// The pages, each loaded when it is first asked for.

import type { Component } from "svelte";
import type { IconName } from "./icons";
import type { Right } from "./session.svelte";

export interface Route {
  path: string;
  title: string;
  page: string; // of src/pages
  right?: Right; // without it anybody may see the page
  icon?: IconName; // with it the page is in the navigation
}

type Module = { default: Component<{ parameters: Record<string, string> }> };

const FILES = import.meta.glob<Module>("../pages/*.svelte");

const ALL: Route[] = [
  { path: "/", title: "Sky", page: "Sky", right: "watch", icon: "sky" },
  { path: "/observe", title: "Observe", page: "Observe", right: "watch", icon: "observe" },
  { path: "/observe/:id", title: "Observation", page: "Observation", right: "watch" },
  { path: "/compare", title: "Compare", page: "Compare", right: "watch" },
  { path: "/control", title: "Control", page: "Control", right: "watch", icon: "control" },
  { path: "/telemetry", title: "Telemetry", page: "Telemetry", right: "watch", icon: "telemetry" },
  { path: "/modules", title: "Modules", page: "Modules", right: "watch", icon: "modules" },
  { path: "/alarms", title: "Alarms", page: "Alarms", right: "watch", icon: "alarms" },
  { path: "/admin", title: "Admin", page: "Admin", right: "administer", icon: "admin" },
  { path: "/account", title: "Account", page: "Account" },
  { path: "/sign-in", title: "Sign in", page: "SignIn" },
  { path: "/register", title: "Register", page: "Register" },
  { path: "/reset", title: "Reset the password", page: "Reset" },
];

function file(page: string): (() => Promise<Module>) | undefined {
  return FILES[`../pages/${page}.svelte`];
}

export const ROUTES = ALL.filter((route) => file(route.page));

export async function load(page: string): Promise<Module["default"]> {
  const found = file(page);
  if (!found) throw new Error(`there is no page ${page}`);
  return (await found()).default;
}
