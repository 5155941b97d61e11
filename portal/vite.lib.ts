import { cpSync } from "node:fs";
import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import manifest from "./package.json" with { type: "json" };
import { targets } from "./vite.targets.js";

const here = import.meta.dirname;
const source = resolve(here, "src");
const externals = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });

/** Adds types and licences to the package, and removes the script that only imports the CSS. */
const packaging: Plugin = {
  name: "packaging",
  generateBundle: {
    // After Vite has emitted the CSS.
    order: "post",
    handler(_, bundle) {
      delete bundle["style.js"];
      this.emitFile({ type: "asset", fileName: "style.css.d.ts", source: "export {};\n" });
    },
  },
  closeBundle() {
    for (const name of ["LICENSE-APACHE", "LICENSE-MIT"])
      cpSync(resolve(here, "..", name), resolve(here, name));
  },
};

/**
 * The library for npm. Its dependencies stay external, so that a portal can share and patch them.
 */
export default defineConfig({
  plugins: [react(), packaging],
  build: {
    outDir: resolve(here, "lib"),
    emptyOutDir: true,
    ...targets,
    minify: true,
    sourcemap: true,
    cssCodeSplit: false,
    lib: {
      entry: {
        index: resolve(source, "index.ts"),
        core: resolve(source, "core/index.ts"),
        "strings/fr": resolve(source, "strings/fr.ts"),
        style: resolve(source, "style.ts"),
      },
      formats: ["es"],
      cssFileName: "style",
    },
    rolldownOptions: {
      external: externals.map((name) => new RegExp(`^${name}($|/)`)),
      output: {
        // Frameworks with server components run it in the browser only.
        banner: ({ name }) => (name === "index" ? '"use client";' : ""),
      },
    },
  },
});
