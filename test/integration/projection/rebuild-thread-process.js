// Rebuilds in a thread and says how far it is, until it is killed.
import { createApplication } from "@tidemark/framework";
import { postgresStorage } from "@tidemark/framework/postgres";
import definition from "./heavy-application.mjs";

const application = createApplication(definition, {
  storage: postgresStorage({ database: process.argv[2] }),
  registry: null,
  projections: "off",
  leaseMs: 600,
  rebuildThread: { module: new URL("heavy-application.mjs", import.meta.url), fromEvents: 1 },
});
await application.start();
await application.projections.rebuild("sums", {
  onProgress: ({ position }) => console.log(`progress ${position}`),
});
console.log("activated");
await application.close();
