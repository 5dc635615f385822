// SPDX-License-Identifier: BSD-3-Clause
// Addresses by the history API. Links are plain `<a href>`.

class Router {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));

  constructor() {
    addEventListener("popstate", () => this.#take());
    addEventListener("click", (event) => this.#click(event));
  }

  #take(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }

  /** To another address of ours. `replace`: without a step to go back to. */
  go(to: string, { replace = false } = {}): void {
    const next = new URL(to, location.href);
    if (next.origin !== location.origin) throw new Error(`${to} is not an address of the control room`);
    if (next.href !== location.href) history[replace ? "replaceState" : "pushState"](null, "", next);
    const moved = next.pathname !== this.path;
    this.#take();
    if (moved && !replace) scrollTo(0, 0);
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.("a");
    if (!(link instanceof HTMLAnchorElement) || !link.href || link.target || link.hasAttribute("download")) return;
    const to = new URL(link.href);
    if (to.origin !== location.origin || /^\/(api|v1|health|metrics)(\/|$)/.test(to.pathname)) return;
    if (to.hash && to.pathname === location.pathname) return; // within the page
    event.preventDefault();
    this.go(to.href);
  }
}

export const router = new Router();

/** `/observations/:id` against `/observations/7` gives `{id: "7"}`; null where it does not match. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = path.replace(/(.)\/+$/, "$1").split("/");
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    if (part.startsWith(":")) {
      try {
        found[part.slice(1)] = decodeURIComponent(value);
      } catch {
        return null;
      }
    } else if (part !== value) return null;
  }
  return found;
}
