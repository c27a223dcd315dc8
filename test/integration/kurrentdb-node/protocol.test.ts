import { createRequire } from "node:module";
import { expect, it } from "vitest";

it("finds the generated service definitions in the client's package: a private path of a pinned range", () => {
  const require = createRequire(import.meta.url);
  expect(require("@eventstore/db-client/package.json")).toMatchObject({
    version: expect.stringMatching(/^6\.2\./u),
  });
  for (const name of ["streams", "persistent", "serverfeatures", "gossip"]) {
    expect(Object.keys(require(`@eventstore/db-client/generated/${name}_grpc_pb.js`))).not.toEqual([]);
  }
});
