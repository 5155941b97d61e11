import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { targets } from "./vite.targets.js";

const here = import.meta.dirname;

/** The elements as one classic script with React and Pusher, for portals without them. */
export default defineConfig({
  plugins: [react()],
  resolve: {
    // This build of pusher-js works for every channel access.
    alias: [{ find: /^pusher-js$/, replacement: "pusher-js/with-encryption" }],
  },
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    outDir: resolve(here, "lib"),
    emptyOutDir: false,
    ...targets,
    license: { fileName: "THIRD-PARTY-NOTICES.md" },
    lib: {
      entry: resolve(here, "src/element.tsx"),
      formats: ["iife"],
      name: "playerPortalChat",
      fileName: () => "element.js",
    },
  },
});
