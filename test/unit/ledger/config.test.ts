import { EnvironmentError } from "@tidemark/schema-registry/fastify";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../../examples/ledger/src/config.ts";

describe("EVENT_STORE", () => {
  test("that is not set keeps events in PostgreSQL", () => {
    expect(readConfig({}).kurrentDb).toBeNull();
    expect(readConfig({ EVENT_STORE: "" }).kurrentDb).toBeNull();
  });

  test.each([
    ["kurrentdb://host:2113?tls=false", "esdb://host:2113?tls=false", "kurrentdb://host:2113"],
    ["esdb://127.0.0.1:2113", "esdb://127.0.0.1:2113", "esdb://127.0.0.1:2113"],
    [
      "kurrentdb+discover://cluster.example/",
      "esdb+discover://cluster.example",
      "kurrentdb+discover://cluster.example",
    ],
    [
      "esdb://a:1,b:2,c?nodePreference=follower",
      "esdb://a:1,b:2,c?nodePreference=follower",
      "esdb://a:1,b:2,c",
    ],
    ["kurrent://h/?Tls=true&keepAliveInterval=-1", "esdb://h?Tls=true&keepAliveInterval=-1", "kurrent://h"],
    ["kdb://admin:s%40cret@h?tls=true", "esdb://admin:s%40cret@h?tls=true", "kdb://h"],
  ])(
    "of %s is given to the client as it knows it, and shown without secrets",
    (given, connectionString, shown) => {
      expect(readConfig({ EVENT_STORE: given }).kurrentDb).toEqual({ connectionString, description: shown });
    },
  );

  test.each([
    ["postgresql://u:secret@h/d", /EVENT_STORE must be like kurrentdb:/],
    ["host:2113", /must be like kurrentdb:/],
    ["kurrentdb://", /must be like kurrentdb:/],
    ["kurrentdb://admin:secret:x@host", /percent-encode/],
    ["kurrentdb://admin:s@secret@host", /percent-encode/],
    ["kurrentdb://admin@host", /percent-encode/],
    ["kurrentdb://admin:12?secret@host", /percent-encode/],
    ["kurrentdb://admin:secret?x", /must name each host/],
    ["kurrentdb://host:port", /must name each host as name or name:port/],
    ["kurrentdb://host:65536", /1 to 65535/],
    ["kurrentdb://admin:secret@host,,b", /must name each host/],
    ["kurrentdb://admin:secret@host?tls=no", /needs true or false as its option tls/],
    [
      "kurrentdb://admin:secret@host?keepAliveTimeout=soon",
      /needs milliseconds as its option keepAliveTimeout/,
    ],
    [
      "kurrentdb://admin:secret@host?tlsVerifyCert=false",
      /has an option tlsVerifyCert, which is not one of tls,/,
    ],
    ["kurrentdb://admin:secret@host?throwOnAppendFailure=false", /has an option throwOnAppendFailure/],
  ])("of %s is refused without telling the password", (given, message) => {
    const read = () => readConfig({ EVENT_STORE: given });
    expect(read).toThrow(EnvironmentError);
    expect(read).toThrow(message);
    expect(read).not.toThrow(/secret/);
  });
});
