import { afterAll, beforeAll, expect, test } from "vitest";
import { hostileSchemas } from "./hostile-schemas.ts";
import { recordText, startRegistry, type RunningRegistry } from "./registry-fixture.ts";

let server: RunningRegistry;

beforeAll(async () => {
  server = await startRegistry({ defaultLevel: "FULL_TRANSITIVE" });
});

afterAll(() => server.close());

// Without turns a comparison alone takes seconds. The client's own JSON and HTTP work counts here too.
const longestStallMs = 500;

test.each(hostileSchemas)("$name: answered, and nobody else waits", async ({ name, older, newer }) => {
  const path = `/subjects/${encodeURIComponent(name)}`;
  let last = performance.now();
  let longest = 0;
  const heart = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  try {
    const first = await server.ask("POST", `${path}/versions`, { schema: older });
    expect([200, 422]).toContain(first.status);
    const second = await server.ask("POST", `${path}/versions`, { schema: newer });
    expect([200, 409, 422]).toContain(second.status);
    for (const query of ["", "?normalize=true"]) {
      const check = await server.ask("POST", `/compatibility${path}/versions${query}`, { schema: newer });
      expect([200, 422]).toContain(check.status);
      const lookup = await server.ask("POST", `${path}${query}`, { schema: newer });
      expect([200, 404, 422]).toContain(lookup.status);
    }
  } finally {
    clearInterval(heart);
  }
  expect(longest).toBeLessThan(longestStallMs);
});

test("a look-up is answered while a hostile pair is compared", async () => {
  const hostile = hostileSchemas.find((candidate) => candidate.name.includes("union of records"));
  if (!hostile) throw new Error("there is no such schema");
  const small = await server.ask("POST", "/subjects/small/versions", { schema: recordText("Small", []) });
  await server.ask("POST", "/subjects/busy/versions", { schema: hostile.older });
  let isBusy = true;
  const busy = server
    .ask("POST", "/compatibility/subjects/busy/versions", { schema: hostile.newer })
    .finally(() => (isBusy = false));
  let slowest = 0;
  while (isBusy) {
    const askedAt = performance.now();
    expect((await server.ask("GET", `/schemas/ids/${small.body.id}`)).status).toBe(200);
    slowest = Math.max(slowest, performance.now() - askedAt);
  }
  expect((await busy).body.is_compatible).toBe(false);
  expect(slowest).toBeLessThan(2 * longestStallMs);
});
