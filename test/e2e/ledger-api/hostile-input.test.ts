import { connect } from "node:net";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStores, problemOf, startLedger, type Answer, type RunningLedger } from "./running-ledger.ts";

describe.each(eventStores)("on %s", (eventStore) => {
  let ledger: RunningLedger;

  beforeAll(async () => {
    ledger = await startLedger({ eventStore });
    await ledger.post("/accounts", {
      accountId: "target",
      owner: "Ada",
      currency: "EUR",
      overdraftLimit: null,
    });
  });

  afterAll(() => ledger.close());

  const writes = [
    "/accounts",
    "/accounts/target/deposits",
    "/accounts/target/withdrawals",
    "/accounts/absent/close",
    "/journal-entries",
  ];

  /** A problem document of a client's mistake, or success: never a failure of the server. */
  function expectNoFault(answer: Answer, what: string): void {
    expect(answer.status, `${what}: ${JSON.stringify(answer.body).slice(0, 500)}`).toBeLessThan(500);
    if (answer.status < 400) return;
    expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ status: answer.status, code: expect.stringMatching(/^[a-z-]+$/) });
  }

  const nasty = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.constantFrom(
      "\u0000",
      "\ud800",
      "\udfff\ud800",
      "\u202e",
      "__proto__",
      "constructor",
      "1e400",
      "-0",
      "NaN",
      "9".repeat(38),
      "9".repeat(39),
      "0".repeat(80),
      `-0.${"0".repeat(37)}1`,
      "٣",
      "2026-02-30",
      "0000-01-01",
      "9999-12-31",
      "' or 1=1; --",
      "x".repeat(70_000),
    ),
    fc.double(),
    fc.bigInt().map(Number),
    fc.boolean(),
    fc.constant(null),
  );

  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      nasty,
      fc.array(tie("any"), { maxLength: 4 }),
      fc.dictionary(
        fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("amount", "currency", "length", "toString")),
        tie("any"),
        {
          maxKeys: 4,
        },
      ),
    ),
  })).any;

  /** Bodies that are almost right: known fields with wrong values, and some right ones. */
  const almost = fc.record(
    {
      accountId: fc.oneof(nasty, fc.constant("target")),
      owner: fc.oneof(nasty, fc.constant("Ada")),
      currency: fc.oneof(nasty, fc.constant("EUR")),
      overdraftLimit: nasty,
      amount: fc.oneof(nasty, fc.constant("1")),
      reference: nasty,
      entryId: nasty,
      date: fc.oneof(nasty, fc.constant("2026-11-20")),
      description: fc.oneof(nasty, fc.constant("x")),
      postings: fc.oneof(
        value,
        fc.array(
          fc.record(
            {
              account: fc.oneof(nasty, fc.constant("a")),
              amount: fc.oneof(nasty, fc.constantFrom("1", "-1", "0")),
              currency: fc.oneof(nasty, fc.constant("EUR")),
              cost: fc.oneof(value, fc.record({ amount: nasty, currency: nasty }, { requiredKeys: [] })),
            },
            { requiredKeys: ["account", "amount", "currency"] },
          ),
          { maxLength: 3 },
        ),
      ),
    },
    { requiredKeys: [] },
  );

  describe("whatever JSON is sent", () => {
    test.each([
      ["anything", value],
      ["bodies that are almost right", almost],
    ])("%s: no 5xx", async (_, body) => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...writes), body, async (path, sent) => {
          expectNoFault(await ledger.post(path, sent), path);
        }),
        { numRuns: 250 },
      );
    });

    test("what was accepted of it can be read", async () => {
      for (const path of [
        "/accounts?limit=1000",
        "/accounts/target/statement?limit=1000",
        "/trial-balance",
      ]) {
        const token = await ledger.post("/accounts/target/deposits", { amount: "1" });
        const answer = await ledger.getAfter(token, path);
        expect(answer.status, JSON.stringify(answer.body).slice(0, 500)).toBe(200);
      }
    });
  });

  describe("whatever the URL and the headers say", () => {
    const anyHeader = fc.string({
      unit: fc
        .integer({ min: 0x20, max: 0xff })
        .filter((code) => code !== 0x7f)
        .map((code) => String.fromCharCode(code)),
    });

    test("no 5xx for paths and queries", async () => {
      const segment = fc.oneof(
        fc.string({ unit: "binary" }).map((raw) => encodeURIComponent(raw)),
        fc.constantFrom(
          "%00",
          "%ED%A0%80",
          "%C0%AF",
          "%E0%A4%A",
          "%",
          "%2e%2e",
          "..;",
          "target",
          "a".repeat(1_700),
        ),
      );
      await fc.assert(
        fc.asyncProperty(
          segment,
          fc.constantFrom("", "/statement"),
          segment,
          segment,
          async (id, tail, key, data) => {
            const known = await ledger.get(`/accounts/${id}${tail}?limit=${data}&cursor=${key}`);
            expectNoFault(known, `/accounts/${id}${tail}?limit=${data}&cursor=${key}`);
            expectNoFault(await ledger.get(`/${id}/${key}?${data}`), `/${id}/${key}?${data}`);
          },
        ),
        { numRuns: 150 },
      );
    });

    test("no 5xx for headers", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom("idempotency-key", "if-match", "traceparent", "content-type"),
          fc.constantFrom("consistency-token", "prefer", "accept", "if-none-match"),
          anyHeader,
          async (written, read, header) => {
            const sent = await ledger.post(
              "/accounts/target/deposits",
              { amount: "1" },
              { [written]: header },
            );
            expectNoFault(sent, `${written}: ${header}`);
            expectNoFault(await ledger.get("/accounts/target", { [read]: header }), `${read}: ${header}`);
          },
        ),
        { numRuns: 150 },
      );
    });
  });

  describe("bodies that are no JSON", () => {
    test.each<[string, string, Record<string, string>, number, string]>([
      ["a broken one", '{"amount":', {}, 400, "malformed-body"],
      ["a raw NUL", '{"amount":"\u0000"}', {}, 400, "malformed-body"],
      ["an escaped NUL", String.raw`{"amount":"1","reference":"a\u0000b"}`, {}, 400, "validation-failed"],
      [
        "half a surrogate pair",
        String.raw`{"amount":"1","reference":"\ud800"}`,
        {},
        400,
        "validation-failed",
      ],
      ["nothing", "", {}, 400, "validation-failed"],
      ["null", "null", {}, 400, "validation-failed"],
      ["a list", "[]", {}, 400, "validation-failed"],
      ["a text", '"x"', {}, 400, "validation-failed"],
      ["a poisoned prototype", '{"amount":"1","__proto__":{"x":1}}', {}, 400, "malformed-body"],
      ["10 MB", `{"amount":"${"1".repeat(10_000_000)}"}`, {}, 413, "body-too-large"],
      [
        "1 MB of depth",
        `{"amount":${"[".repeat(500_000)}${"]".repeat(500_000)}}`,
        {},
        400,
        "validation-failed",
      ],
      ["a length that is no number", '{"amount":{"length":{"toString":0}}}', {}, 400, "validation-failed"],
      ["XML", "<amount>1</amount>", { "content-type": "application/xml" }, 415, "unsupported-media-type"],
      [
        "a form",
        "amount=1",
        { "content-type": "application/x-www-form-urlencoded" },
        415,
        "unsupported-media-type",
      ],
      ["no media type at all", '{"amount":"1"}', { "content-type": "x" }, 415, "unsupported-media-type"],
      ["plain text", '{"amount":"1"}', { "content-type": "text/plain" }, 400, "validation-failed"],
    ])("%s", async (what, body, headers, status, code) => {
      const answer = await ledger.post("/accounts/target/deposits", body, headers);
      expect(answer, what).toMatchObject(problemOf(status, code));
    });

    test("a body that is not UTF-8 is a 400, not other text", async () => {
      const body = Buffer.concat([
        Buffer.from('{"amount":"1","reference":"'),
        Buffer.from([0xff, 0xfe, 0xc0]),
        Buffer.from('"}'),
      ]);
      const response = await fetch(`${ledger.url}/accounts/target/deposits`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "malformed-body" });
    });

    test("a very long id is a 400 or a 414, and a very long URL no 5xx", async () => {
      for (const length of [129, 1_599, 1_601, 15_000]) {
        const answer = await ledger.get(`/accounts/${"x".repeat(length)}`);
        expect([400, 414], String(length)).toContain(answer.status);
      }
      const tooLong = await rawRequest(`GET /accounts/${"x".repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`);
      expect(tooLong).toMatch(/^HTTP\/1\.1 4\d\d /);
    });

    test("broken HTTP is answered 400 and ends the connection", async () => {
      for (const request of [
        "this is no HTTP\r\n\r\n",
        "POST /accounts HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n",
      ]) {
        expect(await rawRequest(request)).toMatch(/^HTTP\/1\.1 400 .*"code":"malformed-request"/s);
      }
    });
  });

  async function rawRequest(request: string): Promise<string> {
    const socket = connect(Number(new URL(ledger.url).port), "127.0.0.1");
    socket.end(request);
    return text(socket);
  }
});
