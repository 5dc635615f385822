// SPDX-License-Identifier: BSD-3-Clause
// Dark, light, and red for the night. All colours are CSS variables; what is drawn on a canvas reads them here.

export const THEMES = ["dark", "light", "red"] as const;
export type ThemeName = (typeof THEMES)[number];

class Theme {
  name = $state<ThemeName>((document.documentElement.dataset.theme as ThemeName | undefined) ?? "dark");

  choose(name: ThemeName): void {
    document.documentElement.dataset.theme = name;
    this.name = name;
    try {
      localStorage.setItem("theme", name);
    } catch {
      // storage is switched off: it holds for this page
    }
  }

  next(): void {
    this.choose(THEMES[(THEMES.indexOf(this.name) + 1) % THEMES.length] ?? "dark");
  }

  /** A colour of the theme, as `theme.colour("accent")`; whoever draws with it draws anew when the theme changes. */
  colour(name: string): string {
    void this.name;
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }
}

export const theme = new Theme();
