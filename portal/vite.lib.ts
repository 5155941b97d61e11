import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const source = resolve(import.meta.dirname, "src");

/** The library, as npm has it: React and pusher-js are the portal's own. */
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: resolve(import.meta.dirname, "lib"),
    emptyOutDir: true,
    target: "es2024",
    // The first to have light-dark() and :dir(), of which the latter would be made :lang().
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    minify: true,
    cssCodeSplit: false,
    lib: {
      entry: { index: resolve(source, "index.ts"), core: resolve(source, "core/index.ts") },
      formats: ["es"],
      cssFileName: "style",
    },
    rolldownOptions: {
      external: [/^react($|\/)/, /^react-dom($|\/)/, /^pusher-js($|\/)/],
    },
  },
});
