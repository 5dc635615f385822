// SPDX-License-Identifier: BSD-3-Clause
// Before anything is painted: a white flash at night costs an observer half an hour of dark adaptation.
{
  let kept = null;
  try {
    kept = localStorage.getItem("theme");
  } catch {
    // storage is switched off: the system's choice holds
  }
  const light = matchMedia("(prefers-color-scheme: light)").matches;
  document.documentElement.dataset.theme =
    kept === "dark" || kept === "light" || kept === "red" ? kept : light ? "light" : "dark";
}
