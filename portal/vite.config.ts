import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const pages = resolve(import.meta.dirname, "src/pages");

/** The two pages, as the gateway serves them. */
export default defineConfig({
  root: pages,
  base: "/portal/",
  plugins: [react()],
  build: {
    outDir: resolve(import.meta.dirname, "dist"),
    emptyOutDir: true,
    target: "es2024",
    // The first to have light-dark() and :dir(), of which the latter would be made :lang().
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // The pages' Content-Security-Policy takes nothing inline, and no data: URL.
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
