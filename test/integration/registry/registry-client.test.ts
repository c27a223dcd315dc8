import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createRegistryClient,
  inProcessRegistryClient,
  InvalidSchemaError,
  RegistryRequestError,
  RegistryUnavailableError,
  SchemaRefusedError,
  type RegistryClient,
} from "@tidemark/schema-registry/client";
import { createRegistry } from "@tidemark/schema-registry";
import { createRegistryServer } from "@tidemark/schema-registry/fastify";
import { createPool, postgresRegistryStorage } from "@tidemark/schema-registry/postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { recordText, startRegistry, type RunningRegistry } from "./registry-fixture.ts";

const owner = { name: "owner", type: "string" };
const v1 = recordText("Opened", [owner]);
const v2 = recordText("Opened", [owner, { name: "memo", type: ["null", "string"], default: null }]);
const incompatible = recordText("Opened", [owner, { name: "limit", type: "long" }]);

let server: RunningRegistry;

beforeAll(async () => {
  server = await startRegistry();
});

afterAll(() => server.close());

// Both kinds keep the same contract, so both run the same tests.
const kinds: readonly (readonly [string, () => RegistryClient])[] = [
  ["over HTTP", () => createRegistryClient({ url: server.url })],
  ["in the process", () => inProcessRegistryClient(server.registry)],
];

describe.each(kinds)("a client %s", (kind, connect) => {
  const subject = `client ${kind}/ü`;

  test("registers, looks up, lists and reads", async () => {
    const client = connect();
    const first = await client.register(subject, v1);
    const { warnings, ...version1 } = first;
    expect(first).toEqual({
      subject,
      id: first.id,
      version: 1,
      schema: first.schema,
      references: [],
      warnings: [],
    });
    expect(await client.register(subject, v1)).toEqual(first);
    const { warnings: none, ...second } = await client.register(subject, v2);
    expect([warnings, none]).toEqual([[], []]);
    expect(await client.lookup(subject, v1)).toEqual(version1);
    expect(await client.lookup(subject, recordText("Other", []))).toBeNull();
    expect(await client.lookup("absent", v1)).toBeNull();
    expect(await client.getVersion(subject, "latest")).toEqual(second);
    expect(await client.getVersion(subject, 9)).toBeNull();
    expect(await client.getVersion("absent", 1)).toBeNull();
    expect(await client.listVersions(subject)).toEqual([1, 2]);
    expect(await client.listVersions("absent")).toEqual([]);
    expect(await client.getSchema(first.id)).toBe(first.schema);
    expect(await client.getSchema(2_000_000_000)).toBeNull();
  });

  test("sets and reads levels", async () => {
    const client = connect();
    const leveled = `${subject} level`;
    expect(await client.getCompatibility(leveled)).toBeNull();
    await client.setCompatibility(leveled, "FULL_TRANSITIVE");
    expect(await client.getCompatibility(leveled)).toBe("FULL_TRANSITIVE");
  });

  test("a refusal is typed, with every reason", async () => {
    const client = connect();
    const refused = `${subject} refused`;
    await client.register(refused, v1);
    const reason = {
      kind: "READER_FIELD_MISSING_DEFAULT_VALUE",
      path: "/fields/1",
      version: 1,
      direction: "backward",
      hint: expect.stringContaining("default"),
    };
    const error = await client.register(refused, incompatible).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SchemaRefusedError);
    expect(error).toMatchObject({ subject: refused, errorCode: 40901, reasons: [reason] });
    const verdict = await client.checkCompatibility(refused, incompatible);
    expect(verdict).toMatchObject({ compatible: false, reasons: [reason] });
    expect(await client.checkCompatibility(refused, v2)).toEqual({
      compatible: true,
      reasons: [],
      messages: [],
      warnings: [],
    });
  });

  test("an invalid schema and other refusals are typed", async () => {
    const client = connect();
    await expect(client.register(subject, '{"type":"nothing"}')).rejects.toBeInstanceOf(InvalidSchemaError);
    await expect(client.lookup(subject, "{")).rejects.toBeInstanceOf(InvalidSchemaError);
    await expect(client.register("a\nb", v1)).rejects.toMatchObject({
      name: RegistryRequestError.name,
      errorCode: 42208,
    });
  });

  test("carries references", async () => {
    const client = connect();
    const money = `${subject} money`;
    await client.register(money, recordText("Money", [{ name: "units", type: "long" }]));
    const references = [{ name: "ledger.Money", subject: money, version: 1 }];
    const schema = recordText("Paid", [{ name: "amount", type: "Money" }]);
    expect(await client.register(`${subject} paid`, schema, { references })).toMatchObject({ references });
    expect(await client.lookup(`${subject} paid`, schema, { references })).toMatchObject({ version: 1 });
  });

  test("an aborted signal ends the call", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(connect().register(subject, v1, { signal })).rejects.toThrow("enough");
  });
});

describe("over HTTP, when the registry misbehaves", () => {
  let stub: Server | undefined;

  /** A server that stands for a failing registry; the real one never answers like this. */
  async function misbehaving(
    handle: (request: IncomingMessage, response: ServerResponse, count: number) => void,
  ): Promise<{ url: string; requests: () => number }> {
    let count = 0;
    stub = createServer((request, response) => handle(request, response, (count += 1)));
    await new Promise<void>((resolve) => stub?.listen(0, "127.0.0.1", resolve));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is no string
    const { port } = stub.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/`, requests: () => count };
  }

  afterEach(() => {
    stub?.closeAllConnections();
    stub?.close();
  });

  function json(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  test("retries 5xx and broken connections until it answers", async () => {
    const { url, requests } = await misbehaving((request, response, count) => {
      if (count === 1) json(response, 503, { error_code: 503, message: "starting" });
      else if (count === 2) request.socket.destroy();
      else json(response, 200, { schema: '"int"' });
    });
    const client = createRegistryClient({ url, retries: 3, retryDelayMs: 1 });
    expect(await client.getSchema(1)).toBe('"int"');
    expect(requests()).toBe(3);
  });

  test("gives up after the retries with a sentence, and does not retry refusals", async () => {
    const { url, requests } = await misbehaving((_request, response) => json(response, 500, {}));
    const client = createRegistryClient({ url, retries: 2, retryDelayMs: 1 });
    const error = await client.listVersions("s").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RegistryUnavailableError);
    expect(error).toMatchObject({
      retryable: true,
      message: expect.stringMatching(/127\.0\.0\.1.*not available after 3 attempts.*500/),
    });
    expect(requests()).toBe(3);
  });

  test("a refusal is asked once", async () => {
    const { url, requests } = await misbehaving((_request, response) =>
      json(response, 409, { error_code: 409, message: "incompatible: old registry" }),
    );
    const client = createRegistryClient({ url, retries: 2, retryDelayMs: 1 });
    await expect(client.register("s", v1)).rejects.toMatchObject({
      name: "SchemaRefusedError",
      message: "incompatible: old registry",
      reasons: [],
    });
    expect(requests()).toBe(1);
  });

  test("nobody listens: unavailable, with the reason of the network", async () => {
    const { url } = await misbehaving(() => undefined);
    await new Promise((resolve) => stub?.close(resolve));
    const client = createRegistryClient({ url, retries: 1, retryDelayMs: 1 });
    await expect(client.getVersion("s", 1)).rejects.toThrow(/ECONNREFUSED/);
  });

  test("no answer in time: unavailable", async () => {
    const { url, requests } = await misbehaving(() => undefined);
    const client = createRegistryClient({ url, retries: 1, retryDelayMs: 1, timeoutMs: 50 });
    await expect(client.getVersion("s", 1)).rejects.toThrow(/no answer within 50 ms/);
    expect(requests()).toBe(2);
  });

  test("something else answers there: says so", async () => {
    const { url } = await misbehaving((_request, response) => response.end("<html>"));
    const client = createRegistryClient({ url });
    await expect(client.getVersion("s", 1)).rejects.toThrow(/does not answer like a schema registry/);
  });

  test("concurrent look-ups of an id share a request, later ones need none; failures are not kept", async () => {
    const { url, requests } = await misbehaving((_request, response, count) => {
      if (count === 1) json(response, 404, { error_code: 40403, message: "Schema 1 not found" });
      else json(response, 200, { schema: '"int"' });
    });
    const client = createRegistryClient({ url });
    expect(await client.getSchema(1)).toBeNull();
    const abandon = new AbortController();
    const abandoned = client.getSchema(1, { signal: abandon.signal });
    const others = Promise.all([1, 1, 1].map((id) => client.getSchema(id)));
    abandon.abort(new Error("not needed"));
    await expect(abandoned).rejects.toThrow("not needed");
    expect(await others).toEqual(['"int"', '"int"', '"int"']);
    expect(await client.getSchema(1)).toBe('"int"');
    expect(requests()).toBe(2);
  });

  test("a look-up that every caller has left is ended, and the next caller starts anew", async () => {
    const closed: Promise<unknown>[] = [];
    const { url, requests } = await misbehaving((request, response, count) => {
      if (count > 1) json(response, 200, { subject: "s", id: 7, version: 3, schema: '"int"' });
      else closed.push(new Promise((resolve) => request.socket.once("close", resolve)));
    });
    const client = createRegistryClient({ url });
    const callers = [new AbortController(), new AbortController()];
    const left = callers.map(({ signal }) => client.getVersion("s", 3, { signal }));
    await waitFor(() => requests() === 1);
    for (const caller of callers) caller.abort(new Error("not needed"));
    for (const call of left) await expect(call).rejects.toThrow("not needed");
    await closed[0];
    expect(await client.getVersion("s", 3)).toMatchObject({ id: 7 });
    expect(requests()).toBe(2);
  });

  test("concurrent look-ups of a schema share a request", async () => {
    const { url, requests } = await misbehaving((_request, response) =>
      json(response, 200, { subject: "s", id: 7, version: 3, schema: '"int"' }),
    );
    const client = createRegistryClient({ url });
    const found = await Promise.all([1, 2, 3].map(() => client.lookup("s", '"int"')));
    expect(found.map((version) => version?.id)).toEqual([7, 7, 7]);
    expect(requests()).toBe(1);
    await Promise.all([client.lookup("s", '"int"'), client.lookup("s", '"long"')]);
    expect(requests()).toBe(3);
  });

  test("a registry that keeps no readers and gives no warnings is taken as such", async () => {
    const { url } = await misbehaving((request, response) => {
      if (request.method === "PUT") json(response, 404, { error_code: 404, message: "HTTP 404 Not Found" });
      else json(response, 200, { is_compatible: true });
    });
    const client = createRegistryClient({ url });
    expect(await client.announceReaders("ledger", [{ subject: "s", schema: '"int"' }])).toBe(false);
    expect(await client.checkCompatibility("s", '"int"')).toMatchObject({ compatible: true, warnings: [] });
  });

  test("reads the id of a registry before Confluent 8 and asks for the rest; sends credentials", async () => {
    const seen: (string | undefined)[] = [];
    const { url } = await misbehaving((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url?.endsWith("/versions")) json(response, 200, { id: 7 });
      else json(response, 200, { subject: "s", id: 7, version: 3, schema: '"int"' });
    });
    const basic = createRegistryClient({ url, auth: { type: "basic", username: "ada", password: "p:w" } });
    expect(await basic.register("s", '"int"')).toEqual({
      subject: "s",
      id: 7,
      version: 3,
      schema: '"int"',
      references: [],
      warnings: [],
    });
    const bearer = createRegistryClient({ url, auth: { type: "bearer", token: "t" } });
    await bearer.lookup("s", '"int"');
    const credentials = `Basic ${Buffer.from("ada:p:w").toString("base64")}`;
    expect(seen).toEqual([credentials, credentials, "Bearer t"]);
  });
});

describe("when the registry's database is away", () => {
  test("HTTP answers 503 and both clients say unavailable", async () => {
    const nowhere = new URL(server.connectionString);
    nowhere.port = "1";
    const pool = createPool({ connectionString: nowhere.href, max: 1 });
    const registry = createRegistry({ storage: postgresRegistryStorage({ pool }) });
    const down = createRegistryServer({ registry });
    const url = await down.listen({ host: "127.0.0.1", port: 0 });
    const response = await fetch(`${url}/subjects`);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await response.json()).toMatchObject({ error_code: 503, message: expect.any(String) });
    for (const client of [
      inProcessRegistryClient(registry),
      createRegistryClient({ url, retries: 1, retryDelayMs: 1 }),
    ]) {
      await expect(client.register("s", v1)).rejects.toBeInstanceOf(RegistryUnavailableError);
      await expect(client.getVersion("s", 1)).rejects.toBeInstanceOf(RegistryUnavailableError);
    }
    await down.close();
    await pool.end();
  });
});
