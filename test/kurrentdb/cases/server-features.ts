import { Client, credentials } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { liveServer } from "../support/database.ts";
import { describeWithClient } from "../support/describe-with-client.ts";

/** Raw calls over a plain connection, which a server seldom offers; the other cases show that clients understand them. */
describe.skipIf(liveServer !== undefined)("on the test node alone", () => {
  describeWithClient("server features and gossip", (session) => {
    const call = async (path: string): Promise<string> => {
      const { host } = new URL(session.database.connectionString.replace(/^esdb/, "http"));
      const client = new Client(host, credentials.createInsecure());
      try {
        return await new Promise<string>((resolve, reject) => {
          client.makeUnaryRequest(
            path,
            (request: Buffer) => request,
            (answer) => answer.toString("latin1"),
            Buffer.alloc(0),
            (error, answer) => (error === null ? resolve(answer ?? "") : reject(error)),
          );
        });
      } finally {
        client.close();
      }
    };

    test("the supported methods are named in lower case, with their features", async () => {
      const features = await call("/event_store.client.server_features.ServerFeatures/GetSupportedMethods");
      expect(features).toContain("event_store.client.streams.streams");
      expect(features).toContain("event_store.client.persistent_subscriptions.persistentsubscriptions");
      for (const name of [
        "batchappend",
        "deadline_duration",
        "replayparked",
        "restartsubsystem",
        "stream",
        "all",
      ])
        expect(features).toContain(name);
      expect(features).not.toContain("BatchAppend");
    });

    test("the server has a version", async () => {
      expect(await call("/event_store.client.server_features.ServerFeatures/GetSupportedMethods")).toMatch(
        /\d+\.\d+\.\d+/,
      );
    });

    test("gossip names the node itself", async () => {
      expect(await call("/event_store.client.gossip.Gossip/Read")).toContain("127.0.0.1");
    });

    test("an unknown method is not implemented", async () => {
      await expect(call("/event_store.client.streams.Streams/Nothing")).rejects.toMatchObject({ code: 12 });
    });
  });
});
