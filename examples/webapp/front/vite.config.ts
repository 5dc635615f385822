// SPDX-License-Identifier: BSD-3-Clause
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/** Beside each file the same packed, which the server sends as it is (control_room/pages.py). */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    writeBundle({ dir = "dist" }) {
      for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
        if (!/\.(html|js|css|svg)$/.test(name)) continue;
        const file = join(dir, name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [svelte(), packed()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // files of our own, as the content security policy has it
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "^/(api|v1|ws|health|telemetry-types|command-templates|historical-data)": {
        target: "http://127.0.0.1:8000",
        ws: true,
      },
    },
  },
});
