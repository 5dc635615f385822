// SPDX-License-Identifier: BSD-3-Clause
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the content security policy knows no data: addresses
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "^/(api|v1|ws|health|telemetry-types|command-templates|historical-data)": { target: "http://127.0.0.1:8000", ws: true } } },
});
