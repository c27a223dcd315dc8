import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const packages = fileURLToPath(new URL("packages/", import.meta.url));

export default defineConfig({
  // Tests read the packages' sources; real child processes run what `tsc -b` built. An alias, not the condition
  // "source": Vitest would hand that to Node, and other packages have sources under it that Node cannot load.
  resolve: {
    alias: [
      { find: /^@tidemark\/(framework|schema-registry)$/, replacement: `${packages}$1/src/index.ts` },
      {
        find: /^@tidemark\/(framework|schema-registry)\/(.+)$/,
        replacement: `${packages}$1/src/$2/index.ts`,
      },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    pool: "forks",
    // Most tests wait for a database or another process: on two cores the default of one worker leaves one of them idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
