import { EventEmitter, once } from "node:events";
import { createRegistry } from "@tidemark/schema-registry";
import { createRegistryServer } from "@tidemark/schema-registry/fastify";
import { createPool, postgresRegistryStorage } from "@tidemark/schema-registry/postgres";
import { waitFor } from "../../support/wait-for.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordText, type RunningRegistry } from "../registry/registry-fixture.ts";
import {
  amount,
  content,
  exported,
  imported,
  startSampleRegistry,
  withRegistry,
} from "./transfer-fixture.ts";

let source: RunningRegistry;
let lines: readonly string[];

beforeAll(async () => {
  source = await startSampleRegistry();
  lines = await exported(source);
});

afterAll(() => source.close());

/** Whether a session of the registry waits for an advisory lock. */
async function isWaitingForLock({ connectionString }: RunningRegistry): Promise<boolean> {
  const pool = createPool({ connectionString, max: 1 });
  try {
    const { rowCount } = await pool.query(
      `select from pg_locks l join pg_database d on d.oid = l.database
       where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`,
    );
    return rowCount === 1;
  } finally {
    await pool.end();
  }
}

describe("an import", () => {
  test("makes an empty registry the same, ids, authors and times included, and can be repeated", async () => {
    await withRegistry(async (target) => {
      const first = await imported(target, lines);
      expect(first).toEqual({
        status: 200,
        body: {
          dryRun: false,
          versions: { added: 9, present: 0 },
          settings: { added: 4, present: 0, differing: [] },
        },
      });
      expect(content(await exported(target))).toEqual(content(lines));
      expect((await imported(target, lines)).body).toMatchObject({
        versions: { added: 0, present: 9 },
        settings: { added: 0, present: 4, differing: [] },
      });
      expect(content(await exported(target))).toEqual(content(lines));

      // It works on: look-ups by id, references, modes, and new ids behind the imported ones.
      const order = await source.registry.getVersion("a.Order", 1);
      expect(await target.registry.getVersion("a.Order", 1)).toEqual(order);
      expect((await target.ask("GET", `/schemas/ids/${order.id}`)).body).toMatchObject({
        schema: order.schema,
      });
      expect(
        (await target.ask("POST", "/subjects/d.Gap/versions", { schema: '"int"' })).body.error_code,
      ).toBe(42205);
      const fresh = await target.registry.register("new", { schema: '"string"' });
      expect(fresh.id).toBeGreaterThan(await source.registry.largestId());
      const reused = await target.registry.register("new2", {
        schema: order.schema,
        references: order.references,
        ...(order.metadata && { metadata: order.metadata }),
      });
      expect(reused.id).toBe(order.id);
    });
  });

  test("brings what was added since, and leaves what is here otherwise", async () => {
    await withRegistry(async (target) => {
      await imported(target, lines);
      await target.registry.setCompatibility("BACKWARD");
      await target.registry.deleteVersion("b.Entry", 1);
      const more = await source.registry.register("f.Later", { schema: recordText("Later", [amount]) });
      const summary = await imported(target, await exported(source));
      expect(summary.body).toMatchObject({
        versions: { added: 1, present: 9 },
        settings: { added: 0, present: 3, differing: [""] },
      });
      expect(await target.registry.getCompatibility()).toBe("BACKWARD");
      expect(await target.registry.listVersions("b.Entry")).toEqual([3]);
      expect(await target.registry.getVersion("f.Later", 1)).toEqual(more);
      await source.registry.deleteSubject("f.Later");
      await source.registry.deleteSubject("f.Later", { permanent: true });
    });
  });

  test("a dry run checks everything and writes nothing", async () => {
    await withRegistry(async (target) => {
      const summary = await imported(target, lines, "?dryRun=true");
      expect(summary.body).toMatchObject({ dryRun: true, versions: { added: 9, present: 0 } });
      expect(await target.registry.listSubjects({ visibility: "all" })).toEqual([]);
      expect((await imported(target, lines)).body).toMatchObject({ versions: { added: 9 } });
    });
  });

  test.each<[string, (text: readonly string[]) => readonly string[], RegExp]>([
    ["without its end", (text) => text.slice(0, -1), /not complete: its last line is missing/],
    ["with a line missing", (text) => text.toSpliced(3, 1), /should hold 9 versions|refers to version 1/],
    ["that goes on after its end", (text) => [...text, text[1] ?? ""], /goes on after its end/],
    ["that is no JSON", (text) => text.with(2, "{"), /Line 3 of the import: is not JSON/],
    ["with a line of another kind", (text) => text.with(2, '{"kind":"other"}'), /Line 3/],
    [
      "with a schema that is none",
      (text) => text.with(1, JSON.stringify({ ...JSON.parse(text[1] ?? ""), schema: "{}" })),
      /Line 2 of the import, version 1 of subject.*Invalid schema/,
    ],
    [
      "with a reference to nothing",
      (text) => text.filter((line) => !line.includes('"subject":"z.Money","version":1,"id"')),
      /refers to version 1 of subject "z.Money", which is neither here/,
    ],
    ["of nothing", () => [], /its last line is missing/],
  ])("one %s is refused whole", async (_name, spoil, message) => {
    await withRegistry(async (target) => {
      const { status, body } = await imported(target, spoil(lines));
      expect(status).toBe(422);
      expect(body["message"]).toMatch(message);
      expect(await target.registry.listSubjects({ visibility: "all" })).toEqual([]);
      // The lock is gone with the transaction.
      await target.registry.register("s", { schema: '"int"' });
    });
  });

  test("ids and versions that are another schema's here refuse it whole", async () => {
    await withRegistry(async (target) => {
      await target.registry.register("taken", { schema: '"int"' });
      const { status, body } = await imported(target, lines);
      expect(status).toBe(422);
      expect(body).toMatchObject({
        error_code: 42205,
        message: expect.stringMatching(
          /id 1 is another schema's here\. Nothing was imported; import into an empty/,
        ),
      });
      expect(await target.registry.listSubjects()).toEqual(["taken"]);
    });
    await withRegistry(async (target) => {
      await target.registry.register("first", { schema: recordText("Spare", []) });
      await target.registry.register("z.Money", { schema: recordText("Money", [amount]) });
      const { body } = await imported(
        target,
        lines
          .filter((line) => !line.includes('"id":2'))
          .with(-1, '{"kind":"end","versions":8,"settings":4}')
          .filter((line) => line.includes('z.Money","version":1,"id"') || !line.includes('"version"'))
          .with(-1, '{"kind":"end","versions":1,"settings":4}'),
      );
      expect(body).toMatchObject({
        error_code: 42207,
        message: expect.stringMatching(/has id 2 here, not 1/),
      });
    });
  });

  test("a read-only registry takes none", async () => {
    await withRegistry(async (target) => {
      await target.registry.setMode("READONLY");
      expect((await imported(target, lines)).body).toMatchObject({ error_code: 42205 });
    });
  });

  /** An import that has begun and goes on when told to. */
  async function pausedImport(
    target: RunningRegistry,
    text: readonly string[],
  ): Promise<() => ReturnType<RunningRegistry["registry"]["importAll"]>> {
    const hold = new EventEmitter();
    const isPaused = once(hold, "paused");
    const portions = async function* (): AsyncGenerator<{ readonly line: number; readonly text: string }> {
      const goesOn = once(hold, "goes on");
      for (const [at, line] of text.entries()) {
        if (at === text.length - 1) {
          hold.emit("paused");
          await goesOn;
        }
        yield { line: at + 1, text: line };
      }
    };
    const running = target.registry.importAll(portions());
    running.catch(() => undefined);
    await isPaused;
    return () => {
      hold.emit("goes on");
      return running;
    };
  }

  test("registrations go on while its lines arrive", async () => {
    await withRegistry(async (target) => {
      const far = { kind: "version", subject: "far", version: 1, id: 900, schema: '"int"' };
      const end = { kind: "end", versions: 1, settings: 0 };
      const finish = await pausedImport(target, [lines[0] ?? "", JSON.stringify(far), JSON.stringify(end)]);
      expect(await target.registry.register("late", { schema: '"long"' })).toMatchObject({ id: 1 });
      await finish();
      expect(await target.registry.listSubjects()).toEqual(["far", "late"]);
      expect(await target.registry.register("later", { schema: '"string"' })).toMatchObject({ id: 901 });
    });
  });

  test("what a version refers to may not vanish while its lines arrive", async () => {
    await withRegistry(async (target) => {
      await imported(target, lines);
      await target.registry.deleteSubject("a.Order");
      await target.registry.deleteSubject("a.Order", { permanent: true });
      const order = lines.filter((line) => /"kind":"registry"|"subject":"a.Order"/.test(line));
      const finish = await pausedImport(target, [...order, '{"kind":"end","versions":1,"settings":0}']);
      for (const permanent of [false, true]) await target.registry.deleteSubject("m.Price", { permanent });
      await expect(finish()).rejects.toThrow(/a version that it refers to was deleted meanwhile/);
    });
  });

  test("while it merges, registrations wait and look-ups do not", async () => {
    await withRegistry(async (target) => {
      const { registry, connectionString } = target;
      await registry.register("early", { schema: '"string"' });
      const pool = createPool({ connectionString, max: 1 });
      let registering: Promise<unknown> = Promise.resolve();
      await postgresRegistryStorage({ pool }).transfer.writeAll(async (writer) => {
        await writer.addStaged();
        registering = registry.register("late", { schema: '"long"' });
        await waitFor(() => isWaitingForLock(target));
        expect(await registry.getVersion("early", 1)).toMatchObject({ version: 1 });
        expect(await registry.listSubjects()).toEqual(["early"]);
        return { keep: true, result: null };
      });
      await registering;
      expect(await registry.listSubjects()).toEqual(["early", "late"]);
      await pool.end();
    });
  });

  test("a client that breaks off in the middle leaves nothing behind", async () => {
    await withRegistry(async (target) => {
      const abort = new AbortController();
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(`${lines.slice(0, 4).join("\n")}\n`));
          setImmediate(() => abort.abort());
        },
      });
      const request = fetch(`${target.url}/import`, {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body,
        duplex: "half",
        signal: abort.signal,
      });
      await expect(request).rejects.toThrow();
      await target.registry.register("s", { schema: '"int"' });
      expect(await target.registry.listSubjects({ visibility: "all" })).toEqual(["s"]);
    });
  });
});

test("a database that is away is 503 for both", async () => {
  await withRegistry(async (target) => {
    const nowhere = new URL(target.connectionString);
    nowhere.port = "1";
    const pool = createPool({ connectionString: nowhere.href, max: 1 });
    const down = createRegistryServer({
      registry: createRegistry({ storage: postgresRegistryStorage({ pool }) }),
    });
    const url = await down.listen({ host: "127.0.0.1", port: 0 });
    try {
      expect((await fetch(`${url}/export`)).status).toBe(503);
      expect((await imported({ ...target, url }, lines)).status).toBe(503);
    } finally {
      await down.close();
      await pool.end();
    }
  });
});
