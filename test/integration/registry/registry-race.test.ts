import { checkCompatibility, createRegistry } from "@tidemark/schema-registry";
import { parseSchema } from "@tidemark/schema-registry/avro";
import { createRegistryServer } from "@tidemark/schema-registry/fastify";
import { createPool, postgresRegistryStorage } from "@tidemark/schema-registry/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recordText, startRegistry, type Answer, type RunningRegistry } from "./registry-fixture.ts";

let server: RunningRegistry;

beforeAll(async () => {
  server = await startRegistry({ defaultLevel: "FULL_TRANSITIVE" });
});

afterAll(() => server.close());

test("of rivals that exclude each other only compatible ones get in, over two processes' worth of servers", async () => {
  // A second server shares the database but no memory: what holds between them holds between processes.
  const pool = createPool({ connectionString: server.connectionString, max: 8 });
  const storage = postgresRegistryStorage({ pool });
  const second = createRegistryServer({
    registry: createRegistry({ storage, defaultLevel: "FULL_TRANSITIVE" }),
  });
  const urls = [server.url, await second.listen({ host: "127.0.0.1", port: 0 })];

  const base = recordText("Raced", [{ name: "owner", type: "string" }]);
  await server.ask("POST", "/subjects/raced/versions", { schema: base });
  // Each rival fits the first version; those that give `extra` another type exclude each other.
  const types = ["int", "string", "boolean", { type: "array", items: "int" }];
  const defaults = [0, "", false, []];
  const rivals = Array.from({ length: 8 }, (_, index) =>
    recordText("Raced", [
      { name: "owner", type: "string" },
      { name: "extra", type: types[index % 4], default: defaults[index % 4] },
      ...(index >= 4 ? [{ name: "more", type: "long", default: index }] : []),
    ]),
  );
  const answers = await Promise.all(
    Array.from({ length: 64 }, async (_, index): Promise<Answer> => {
      const response = await fetch(`${urls[index % 2]}/subjects/raced/versions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ schema: rivals[index % 8] }),
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    }),
  );
  await second.close();
  await pool.end();

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
  const history = await server.registry.listSchemas();
  expect(history.map(({ version }) => version)).toEqual(history.map((_, index) => index + 1));
  expect(history.length).toBeGreaterThan(1);
  expect(new Set(history.map(({ id }) => id)).size).toBe(history.length);
  const parsed = history.map(({ schema }) => parseSchema(schema));
  for (const [later, next] of parsed.entries()) {
    for (const earlier of parsed.slice(0, later)) {
      expect(checkCompatibility(next, earlier)).toEqual([]);
      expect(checkCompatibility(earlier, next)).toEqual([]);
    }
  }
  const accepted = answers.filter(({ status }) => status === 200);
  for (const { body } of accepted) {
    const version = history.find((candidate) => candidate.version === body.version);
    expect(version).toMatchObject({ id: body.id, schema: body.schema });
  }
});

test("one schema published to 40 subjects at once has one id", async () => {
  const schema = recordText("Everywhere", [{ name: "owner", type: "string" }]);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      server.ask("POST", `/subjects/everywhere-${index}/versions`, { schema }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
});

test("publishing and permanent delete of a shared schema leave no version without its text", async () => {
  const schema = recordText("Contended", [{ name: "owner", type: "string" }]);
  const rounds = Array.from({ length: 20 }, async (_, index) => {
    const path = `/subjects/contended-${index % 4}`;
    const published = await server.ask("POST", `${path}/versions`, { schema });
    expect(published.status).toBe(200);
    const deleted = await server.ask("DELETE", path);
    const purged = await server.ask("DELETE", `${path}?permanent=true`);
    expect([deleted.status, purged.status].every((status) => status === 200 || status === 404)).toBe(true);
  });
  await Promise.all(rounds);
  const left = await server.registry.listSchemas({ visibility: "all", subjectPrefix: "contended-" });
  for (const { id, schema: stored } of left) {
    expect((await server.registry.schemaById(id)).schema).toBe(stored);
  }
});

test("subjects that refer to each other while both publish do not deadlock", async () => {
  const names = ["left", "right"];
  for (const name of names) {
    await server.ask("PUT", `/config/${name}`, { compatibility: "NONE" });
    const schema = recordText(`Base_${name}`, [{ name: "owner", type: "string" }]);
    await server.ask("POST", `/subjects/${name}/versions`, { schema });
  }
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => {
      const [own = "", other = ""] = index % 2 === 0 ? names : names.toReversed();
      const fields = [{ name: "base", type: `ledger.Base_${other}` }];
      const references = [{ name: `ledger.Base_${other}`, subject: other, version: 1 }];
      const schema = recordText(`Use_${index}`, fields);
      return server.ask("POST", `/subjects/${own}/versions`, { schema, references });
    }),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
});

test("a version is never deleted under a schema that comes to refer to it", async () => {
  for (let round = 0; round < 15; round += 1) {
    const money = `money-${round}`;
    const schema = recordText("Money", [{ name: "units", type: "long" }]);
    await server.ask("POST", `/subjects/${money}/versions`, { schema });
    const users = Array.from({ length: 6 }, (_, index) =>
      server.ask("POST", `/subjects/pays-${round}-${index}/versions`, {
        schema: recordText(`Pays_${index}`, [{ name: "amount", type: "Money" }]),
        references: [{ name: "ledger.Money", subject: money, version: 1 }],
      }),
    );
    const deletion = await server.ask("DELETE", `/subjects/${money}`);
    const published = (await Promise.all(users)).filter(({ status }) => status === 200);
    const left = await server.ask("GET", `/subjects/${money}/versions`);
    expect(deletion.body.error_code ?? 200).toBe(published.length > 0 ? 42206 : 200);
    expect(left.status).toBe(published.length > 0 ? 200 : 404);
  }
});

test("without prepared statements, for poolers, everything is the same", async () => {
  const pool = createPool({ connectionString: server.connectionString, max: 1 });
  const storage = postgresRegistryStorage({ pool, preparedStatements: false });
  const registry = createRegistry({ storage });
  const schema = recordText("Pooled", [{ name: "owner", type: "string" }]);
  const { id } = await registry.register("pooled", { schema });
  expect(await registry.schemaById(id, { subject: "pooled" })).toMatchObject({
    subject: "pooled",
    version: 1,
  });
  const { rows } = await pool.query("select name from pg_prepared_statements");
  expect(rows).toEqual([]);
  await pool.end();
});
