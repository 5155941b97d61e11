import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { targets } from "./vite.targets.js";

const pages = resolve(import.meta.dirname, "src/pages");

/** The two pages, as the gateway serves them. */
export default defineConfig({
  root: pages,
  base: "/portal/",
  plugins: [react()],
  build: {
    outDir: resolve(import.meta.dirname, "dist"),
    emptyOutDir: true,
    ...targets,
    // The pages' Content-Security-Policy refuses inline scripts and data: URLs.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: {
        player: resolve(pages, "player/index.html"),
        staff: resolve(pages, "staff/index.html"),
      },
    },
  },
  test: {
    root: import.meta.dirname,
    include: ["src/**/*.test.ts", "simulation/**/*.test.ts"],
  },
});
