import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { targets } from "./vite.targets.js";

/**
 * Both portals on a simulated system, in any state: `npm run dev`, and then
 * `/?portal=staff&scene=busy`.
 */
export default defineConfig({
  root: resolve(import.meta.dirname, "demo"),
  plugins: [react()],
  // As strict as the gateway's policy for the pages; the simulated store has its bytes in addresses.
  preview: { headers: { "Content-Security-Policy": "default-src 'self'; img-src 'self' data:" } },
  build: {
    outDir: resolve(import.meta.dirname, "demo-dist"),
    emptyOutDir: true,
    // The policy refuses data: URLs.
    assetsInlineLimit: 0,
    ...targets,
  },
});
