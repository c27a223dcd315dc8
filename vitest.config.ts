import { defineConfig } from "vitest/config";

export default defineConfig({
  // Tests read the packages' sources; real child processes run what `tsc -b` built.
  ssr: { resolve: { conditions: ["source", "module", "node"] } },
  resolve: { conditions: ["source", "module", "node"] },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
