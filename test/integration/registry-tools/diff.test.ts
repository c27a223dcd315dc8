import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordText, startRegistry, type RunningRegistry } from "../registry/registry-fixture.ts";

const amount = { name: "amount", type: "long" };
const memo = { name: "memo", type: ["null", "string"], default: null };
const remark = { name: "remark", type: ["null", "string"], aliases: ["memo"] };
const note = { name: "note", type: "string", default: "" };

let server: RunningRegistry;

beforeAll(async () => {
  server = await startRegistry();
});

afterAll(() => server.close());

async function publish(subject: string, ...versions: readonly string[]): Promise<void> {
  for (const schema of versions) {
    const { status, body } = await server.ask("POST", `/subjects/${subject}/versions`, { schema });
    expect(body).toMatchObject({ id: expect.any(Number) });
    expect(status).toBe(200);
  }
}

describe("GET /subjects/{s}/diff/{a}/{b}", () => {
  test("tells each change with its path, and both verdicts", async () => {
    await publish("diff.Paid", recordText("Paid", [amount, memo]), recordText("Paid", [amount, note]));
    const { status, body } = await server.ask("GET", "/subjects/diff.Paid/diff/1/latest");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      subject: "diff.Paid",
      from: { version: 1, id: expect.any(Number), ts: expect.any(Number) },
      to: { version: 2 },
      changes: [
        { change: "added", element: "field", type: "ledger.Paid", name: "note", path: "/fields/1" },
        { change: "removed", element: "field", type: "ledger.Paid", name: "memo", path: "/fields/1" },
      ],
      compatibility: {
        backward: { is_compatible: true, incompatibilities: [] },
        forward: { is_compatible: true, incompatibilities: [] },
      },
      affectedReaders: [],
    });
    const back = await server.ask("GET", "/subjects/diff.Paid/diff/2/1");
    expect(back.body.changes.map(({ change, name }: Record<string, string>) => `${change} ${name}`)).toEqual([
      "added memo",
      "removed note",
    ]);
  });

  test("says why a direction does not hold", async () => {
    await publish(
      "diff.Narrow",
      recordText("Narrow", [amount, { name: "a", type: "int" }]),
      recordText("Narrow", [amount]),
    );
    const { body } = await server.ask("GET", "/subjects/diff.Narrow/diff/1/2");
    expect(body.compatibility).toMatchObject({
      backward: { is_compatible: true },
      forward: {
        is_compatible: false,
        incompatibilities: [{ kind: "READER_FIELD_MISSING_DEFAULT_VALUE", path: "/fields/1" }],
      },
    });
  });

  test("reads soft-deleted versions, and follows references", async () => {
    await publish("diff.Money", recordText("Money", [amount]), recordText("Money", [amount, memo]));
    for (const version of [1, 2]) {
      const references = [{ name: "ledger.Money", subject: "diff.Money", version }];
      const schema = recordText("Sent", [{ name: "money", type: "Money" }]);
      await server.ask("POST", "/subjects/diff.Sent/versions", { schema, references });
    }
    await server.ask("DELETE", "/subjects/diff.Sent/versions/1");
    const { body } = await server.ask("GET", "/subjects/diff.Sent/diff/1/2");
    expect(body.from).toMatchObject({ version: 1, deleted: true });
    expect(body.changes).toMatchObject([{ change: "added", name: "memo", path: "ledger.Money#/fields/1" }]);
  });

  test("an unknown subject or version, and what is no version", async () => {
    await publish("diff.One", recordText("One", []));
    expect((await server.ask("GET", "/subjects/diff.None/diff/1/2")).body.error_code).toBe(40401);
    expect((await server.ask("GET", "/subjects/diff.One/diff/1/2")).body.error_code).toBe(40402);
    expect((await server.ask("GET", "/subjects/diff.One/diff/1/x")).body.error_code).toBe(42202);
  });

  test("within a context, also by its path prefix", async () => {
    await publish(":.staging:diff.Paid", recordText("Paid", [amount]), recordText("Paid", [amount, memo]));
    const { body } = await server.ask("GET", "/contexts/.staging/subjects/diff.Paid/diff/1/2");
    expect(body).toMatchObject({ subject: ":.staging:diff.Paid", changes: [{ name: "memo" }] });
  });
});

describe("who reads what", () => {
  const v1 = recordText("Posted", [amount, memo, note]);
  const withoutMemo = recordText("Posted", [amount, note]);

  async function announce(application: string, ...schemas: readonly string[]): Promise<void> {
    const readers = schemas.map((schema) => ({ subject: "diff.Posted", schema }));
    const answer = await server.ask("PUT", `/applications/${application}/readers`, { readers });
    expect(answer).toMatchObject({ status: 200, body: {} });
  }

  beforeAll(async () => {
    await publish("diff.Posted", v1, withoutMemo);
  });

  test("a removal names the applications that still read the field, and what they take instead", async () => {
    await announce("billing", v1);
    await announce("reports", withoutMemo);
    // By its alias, and without a default: it could not read the later version at all.
    await announce("archive", recordText("Posted", [remark]));
    const { body } = await server.ask("GET", "/subjects/diff.Posted/diff/1/2");
    expect(body.affectedReaders).toMatchObject([
      { application: "archive", type: "ledger.Posted", field: "memo", fallback: null, supersededAt: null },
      { application: "billing", field: "memo", fallback: "null", supersededAt: null },
    ]);
  });

  test("an instance that starts without the field supersedes, one that starts with it again does not add", async () => {
    await announce("billing", withoutMemo);
    const { body } = await server.ask("GET", "/subjects/diff.Posted/diff/1/2");
    expect(body.affectedReaders).toContainEqual(
      expect.objectContaining({ application: "billing", supersededAt: expect.any(String) }),
    );
    await announce("billing", v1, v1);
    const readers = await server.ask("GET", "/applications/billing/readers");
    expect(readers.body).toMatchObject([
      { application: "billing", subject: "diff.Posted", schema: expect.any(String), supersededAt: null },
      { supersededAt: expect.any(String) },
    ]);
    expect(readers.body).toHaveLength(2);
  });

  test("are listed by application and by subject, and forgotten", async () => {
    await announce("short-lived", v1);
    const applications = await server.ask("GET", "/applications");
    expect(applications.body).toContainEqual({
      application: "short-lived",
      subjects: 1,
      announcedAt: expect.any(String),
    });
    const readers = await server.ask("GET", "/subjects/diff.Posted/readers");
    expect(readers.body.map(({ application }: Record<string, string>) => application)).toContain(
      "short-lived",
    );
    expect((await server.ask("DELETE", "/applications/short-lived")).status).toBe(200);
    expect((await server.ask("DELETE", "/applications/short-lived")).body.error_code).toBe(40420);
  });

  test("many instances that start at once do not get in each other's way", async () => {
    const schemas = Array.from({ length: 20 }, (_, at) =>
      recordText("Posted", [{ name: `f${at}`, type: "int" }]),
    );
    await Promise.all(
      Array.from({ length: 16 }, (_, at) =>
        announce("fleet", ...(at % 2 === 0 ? schemas : schemas.toReversed().slice(at))),
      ),
    );
    expect((await server.ask("GET", "/applications/fleet/readers")).body).toHaveLength(20);
  });

  test("refuses what is no schema, no name, no subject", async () => {
    const put = (application: string, readers: unknown) =>
      server.ask("PUT", `/applications/${encodeURIComponent(application)}/readers`, { readers });
    expect((await put("a", [{ subject: "s", schema: "{" }])).body.error_code).toBe(42201);
    expect((await put("a", [{ subject: "a\nb", schema: '"int"' }])).body.error_code).toBe(42208);
    expect((await put("a\nb", [])).body.error_code).toBe(422);
    expect((await put("a", "no list")).status).toBe(422);
  });
});

describe("warnings about clients in JavaScript", () => {
  const moved = (namespace: string): string => recordText("Moved", [amount], namespace);

  test("come with the answer of a registration and of a check, and refuse nothing", async () => {
    await publish("warn.Moved", moved("a"));
    const check = await server.ask("POST", "/compatibility/subjects/warn.Moved/versions", {
      schema: moved("b"),
    });
    const expected = [
      { rule: "namespace-moved", path: "/name", version: 1, direction: "backward" },
      { rule: "namespace-moved", path: "/name", version: 1, direction: "forward" },
    ];
    expect(check.body).toMatchObject({ is_compatible: true, warnings: expected });
    const registered = await server.ask("POST", "/subjects/warn.Moved/versions", { schema: moved("b") });
    expect(registered).toMatchObject({ status: 200, body: { version: 2, warnings: expected } });
    // Publishing it again tells them again.
    const again = await server.ask("POST", "/subjects/warn.Moved/versions", { schema: moved("b") });
    expect(again.body.warnings).toEqual(registered.body.warnings);
  });

  test("an empty union and a default of a later branch", async () => {
    const schema = recordText("Odd", [
      { name: "none", type: [] },
      { name: "memo", type: ["string", "null"], default: null },
    ]);
    const { body } = await server.ask("POST", "/subjects/warn.Odd/versions", { schema });
    expect(body.warnings.map(({ rule, path }: Record<string, string>) => `${rule} ${path}`)).toEqual([
      "default-of-later-branch /fields/1/default",
      "empty-union /fields/0/type",
    ]);
  });

  test("are left out when there are none", async () => {
    const { body } = await server.ask("POST", "/subjects/warn.Fine/versions", {
      schema: recordText("Fine", []),
    });
    expect(body).not.toHaveProperty("warnings");
  });
});

test("who registered a version and when is shown", async () => {
  const before = Date.now();
  await server.registry.register("who.Did", { schema: recordText("Did", []) }, { author: "ada" });
  const { body } = await server.ask("GET", "/subjects/who.Did/versions/1");
  expect(body.author).toBe("ada");
  expect(body.ts).toBeGreaterThanOrEqual(before);
  expect(body.ts).toBeLessThanOrEqual(Date.now());
});
