import { cpSync } from "node:fs";
import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import manifest from "./package.json" with { type: "json" };
import { targets } from "./vite.targets.js";

const here = import.meta.dirname;
const source = resolve(here, "src");
const externals = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });

/** Gives the package what it needs beside its scripts, and takes out the script that only stood for the CSS. */
const packaging: Plugin = {
  name: "packaging",
  generateBundle: {
    // After Vite has put the CSS there.
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

/** The library, as npm has it. What it depends on is installed beside it, so that a portal can share and patch it. */
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
        // Frameworks with server components send it to the browser instead of running it.
        banner: ({ name }) => (name === "index" ? '"use client";' : ""),
      },
    },
  },
});
