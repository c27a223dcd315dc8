import {
  credentialSchema,
  generateToken,
  hashPassword,
  hashToken,
  isLoopback,
  verifySecret,
} from "@tidemark/schema-registry/security";
import { describe, expect, it, test } from "vitest";
import { allowedPrefixes, isAllowed } from "../../../packages/schema-registry/src/security/permission.ts";

describe("secrets", () => {
  it("are kept as hashes that only they match", async () => {
    const token = generateToken();
    expect(Buffer.from(token, "base64url")).toHaveLength(32);
    const stored = hashToken(token);
    expect(JSON.stringify(stored)).not.toContain(token);
    expect(await verifySecret(token, stored)).toBe(true);
    expect(await verifySecret(`${token}x`, stored)).toBe(false);
    expect(await verifySecret("", stored)).toBe(false);
  });

  it("that people choose get a salt of their own", async () => {
    const [one, two] = [await hashPassword("Grüße"), await hashPassword("Grüße")];
    expect(one).not.toEqual(two);
    for (const stored of [one, two]) {
      expect(stored.algorithm).toBe("scrypt");
      // However the letters are composed.
      expect(await verifySecret("Grüße".normalize("NFD"), stored)).toBe(true);
      expect(await verifySecret("Grusse", stored)).toBe(false);
    }
  });

  it("with a hash that is cut short match nothing", async () => {
    expect(await verifySecret("", { algorithm: "sha256", hash: "" })).toBe(false);
    const credential = { name: "a", scheme: "bearer", grants: [] };
    for (const secret of [{ algorithm: "sha256", hash: "" }, { algorithm: "plain", hash: "x" }, "x"]) {
      expect(credentialSchema.safeParse({ ...credential, secret }).success).toBe(false);
    }
  });
});

test("permissions include each other as documented, and end with their prefix", () => {
  const caller = {
    name: "a",
    grants: [
      { prefix: "orders.", permissions: ["write"] as const },
      { prefix: "orders.audit.", permissions: ["admin"] as const },
      { prefix: "logs", permissions: ["read"] as const },
    ],
  };
  const cases = [
    ["read", "orders.a", true],
    ["write", "orders.a", true],
    ["delete", "orders.a", false],
    ["admin", "orders.a", false],
    ["delete", "orders.audit.a", true],
    ["write", "orders.audit.a", true],
    ["read", "orders", false],
    ["read", "logs-old", true],
    ["write", "logs-old", false],
    ["read", ":.lab:orders.a", false],
    ["read", "", false],
  ] as const;
  for (const [permission, subject, expected] of cases) {
    expect(isAllowed(caller, permission, subject), `${permission} ${subject}`).toBe(expected);
  }
  expect(allowedPrefixes(caller, "read")).toEqual(["orders.", "orders.audit.", "logs"]);
  expect(allowedPrefixes(caller, "delete")).toEqual(["orders.audit."]);
  expect(allowedPrefixes({ name: "b", grants: [] }, "read")).toEqual([]);
  const all = { name: "c", grants: [{ prefix: "", permissions: ["delete"] as const }] };
  expect(allowedPrefixes(all, "read")).toBeNull();
  expect(allowedPrefixes(all, "write")).toEqual([]);
});

test.each([
  ["127.0.0.1", true],
  ["127.8.9.1", true],
  ["::1", true],
  ["localhost", true],
  ["::ffff:127.0.0.1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["localhost.example", false],
  ["", false],
])("%s is loopback: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
