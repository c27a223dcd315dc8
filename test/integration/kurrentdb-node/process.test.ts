import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { spawnNode } from "../../support/spawn-process.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

function run(code: string) {
  return spawnNode("--input-type=module", ["-e", code], { cwd: root });
}

/** Makes the optional peers unfindable for `require`, which is how the node loads them. */
const hidePeers = `
  import Module from "node:module";
  const resolve = Module._resolveFilename;
  Module._resolveFilename = (request, ...rest) => {
    if (/^@(eventstore|grpc)/.test(request)) throw Object.assign(new Error(request), { code: "MODULE_NOT_FOUND" });
    return resolve(request, ...rest);
  };
`;

describe("the process around a node", () => {
  it("imports the testing entry without the optional peers, and names them when a node starts", async () => {
    const child = run(`${hidePeers}
      const { startKurrentDbTestNode } = await import("@tidemark/framework/testing");
      await startKurrentDbTestNode().catch((error) => console.log(error.message));
    `);
    expect(await child.exit).toMatchObject({ code: 0 });
    expect(child.output).toContain("npm install --save-dev @eventstore/db-client");
  });

  it("ends by itself with a node that nobody closed", async () => {
    const child = run(`
      import { startKurrentDbTestNode } from "@tidemark/framework/testing";
      import { EventStoreDBClient, jsonEvent } from "@eventstore/db-client";
      const node = await startKurrentDbTestNode();
      const client = EventStoreDBClient.connectionString(node.connectionString);
      await client.appendToStream("s", jsonEvent({ type: "A", data: {} }));
      await client.dispose();
      console.log("done");
    `);
    expect(await child.exit).toMatchObject({ code: 0 });
    expect(child.output).toContain("done");
  });

  it("stays with keepsProcessAlive, until the node is closed", async () => {
    const child = run(`
      import { startKurrentDbTestNode } from "@tidemark/framework/testing";
      const node = await startKurrentDbTestNode({ keepsProcessAlive: true });
      setTimeout(() => { console.log("still here"); void node.close(); }, 300).unref();
    `);
    expect(await child.exit).toMatchObject({ code: 0 });
    expect(child.output).toContain("still here");
  });
});
