import { defineConfig } from "vite";

// The built files go straight into the Python package; build_hook.py puts them into the wheel.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/commonsky/web/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the page's policy allows files of this origin, not data: addresses
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8600" } },
});
