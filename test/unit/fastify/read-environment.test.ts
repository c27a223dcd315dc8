import {
  EnvironmentError,
  logLevelVariable,
  portVariable,
  readEnvironment,
} from "@tidemark/schema-registry/fastify";
import { databaseUrlVariable } from "@tidemark/schema-registry/postgres";
import { describe, expect, test } from "vitest";
import { z } from "zod";

const schema = z.object({
  PORT: portVariable.default(8_080),
  DATABASE_URL: databaseUrlVariable,
  LOG_LEVEL: logLevelVariable,
});

const read = (variables: Record<string, string>) => readEnvironment(schema, variables);

describe("readEnvironment", () => {
  test("takes an empty variable for one that is not set, and leaves out what it does not know", () => {
    const defaults = { PORT: 8_080, LOG_LEVEL: "warn" };
    expect(read({})).toEqual(defaults);
    expect(read({ PORT: "", DATABASE_URL: "", LOG_LEVEL: "", HOME: "/root" })).toEqual(defaults);
  });

  test("parses what is set", () => {
    expect(read({ PORT: "0", DATABASE_URL: "postgres://u@h/d", LOG_LEVEL: "debug" })).toEqual({
      PORT: 0,
      DATABASE_URL: "postgres://u@h/d",
      LOG_LEVEL: "debug",
    });
  });

  test("names every variable that is wrong and what to write, but not the value", () => {
    const attempt = () => read({ PORT: "65536", DATABASE_URL: "mysql://u:secret@h/d" });
    expect(attempt).toThrow(EnvironmentError);
    expect(attempt).toThrow(
      "The environment is not valid: PORT must be 0 (any free port) to 65535; " +
        "DATABASE_URL must start with postgresql:// , or be absent for the embedded PostgreSQL.",
    );
    expect(() => read({ PORT: "http" })).toThrow("PORT must be a port number");
  });
});
