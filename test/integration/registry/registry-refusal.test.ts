import { afterAll, beforeAll, expect, test } from "vitest";
import { recordText, startRegistry, type FieldSchema, type RunningRegistry } from "./registry-fixture.ts";

let server: RunningRegistry;

beforeAll(async () => {
  server = await startRegistry({ defaultLevel: "FULL_TRANSITIVE" });
});

afterAll(() => server.close());

const color = (symbols: readonly string[], extra = {}): FieldSchema => ({
  name: "color",
  type: { type: "enum", name: "Color", symbols, ...extra },
});

test("each reason is data: kind, path, both sides, the earlier version, its direction and a way out", async () => {
  const v1 = recordText("Car", [color(["RED"])]);
  const v2 = recordText("Car", [color(["RED", "BLUE"]), { name: "seats", type: "int" }]);
  await server.ask("POST", "/subjects/car/versions", { schema: v1 });
  const refused = await server.ask("POST", "/subjects/car/versions", { schema: v2 });
  expect(refused.status).toBe(409);
  const { incompatibilities, message, error_code } = refused.body;
  expect(error_code).toBe(40901);
  expect(incompatibilities).toEqual([
    {
      kind: "READER_FIELD_MISSING_DEFAULT_VALUE",
      path: "/fields/1",
      version: 1,
      direction: "backward",
      message: expect.stringMatching(/seats.*new schema.*old schema/),
      hint: expect.stringContaining('"default"'),
      readerFragment: expect.stringContaining('"seats"'),
      writerFragment: expect.not.stringContaining('"seats"'),
    },
    expect.objectContaining({
      kind: "MISSING_ENUM_SYMBOLS",
      path: "/fields/0/type/symbols",
      version: 1,
      direction: "forward",
      readerFragment: expect.not.stringContaining("BLUE"),
      writerFragment: expect.stringContaining("BLUE"),
    }),
  ]);
  // Confluent's own form stands in the message, joined.
  expect(message).toMatch(
    /^Schema being registered is incompatible with an earlier schema for subject "car", details: \[\{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'.*at path '\/fields\/1'.*', additionalInfo:'/,
  );
  expect(message).toContain("{oldSchemaVersion: 1}");
  expect(message).toContain(`{oldSchema: '{"type":"record"`);
  expect(message).toMatch(/\{validateFields: 'false', compatibility: 'FULL_TRANSITIVE'\}\]$/);

  const verdict = await server.ask("POST", "/compatibility/subjects/car/versions/latest?verbose=true", {
    schema: v2,
  });
  expect(verdict.body.incompatibilities).toEqual(incompatibilities);
  for (const line of verdict.body.messages) expect(message).toContain(line);
});

test("an old reader that meets a new symbol is told about the enum's own default", async () => {
  await server.ask("POST", "/subjects/paint/versions", { schema: recordText("Paint", [color(["RED"])]) });
  const next = recordText("Paint", [color(["RED", "BLUE"])]);
  const { body } = await server.ask("POST", "/subjects/paint/versions", { schema: next });
  expect(body.incompatibilities).toEqual([
    expect.objectContaining({
      kind: "MISSING_ENUM_SYMBOLS",
      path: "/fields/0/type/symbols",
      direction: "forward",
      version: 1,
      hint: expect.stringContaining("default"),
    }),
  ]);
});

test("a difference within a union branch carries the reasons of the branch that comes closest", async () => {
  const payment = (fields: readonly FieldSchema[]): string =>
    recordText("Order", [
      { name: "payment", type: ["null", { type: "record", name: "Card", fields }, "string"] },
    ]);
  const number = { name: "number", type: "string" };
  await server.ask("POST", "/subjects/order/versions", { schema: payment([number]) });
  const { body } = await server.ask("POST", "/subjects/order/versions", {
    schema: payment([number, { name: "cvc", type: "string" }]),
  });
  const [reason] = body.incompatibilities;
  expect(reason).toMatchObject({
    kind: "MISSING_UNION_BRANCH",
    path: "/fields/0/type/1",
    version: 1,
    hint: expect.stringContaining("cvc"),
  });
  expect(reason.nested).toEqual([
    expect.objectContaining({
      kind: "READER_FIELD_MISSING_DEFAULT_VALUE",
      path: "/fields/0/type/1/fields/1",
      hint: expect.stringContaining("cvc"),
    }),
  ]);
});

test("a transitive refusal names the newest version that objects", async () => {
  const field = (name: string): FieldSchema => ({ name, type: "string", default: "" });
  for (const names of [["a"], ["a", "b"], ["a", "b", "c"]]) {
    await server.ask("POST", "/subjects/long/versions", { schema: recordText("Long", names.map(field)) });
  }
  const next = recordText("Long", [field("a"), { name: "b", type: "int", default: 0 }]);
  const { body } = await server.ask("POST", "/subjects/long/versions", { schema: next });
  expect(body.incompatibilities[0]).toMatchObject({ kind: "TYPE_MISMATCH", version: 3 });
});

test("a schema that is not valid says where and which rule", async () => {
  const invalid = JSON.stringify({ type: "record", name: "Bad", fields: [{ name: "x", type: "strnig" }] });
  const { status, body } = await server.ask("POST", "/subjects/bad/versions", { schema: invalid });
  expect(status).toBe(422);
  expect(body).toMatchObject({ error_code: 42201, path: "/fields/0/type", rule: "unknown-name" });
  expect(body.message).toMatch(/^Invalid schema .*, details: /);
});
