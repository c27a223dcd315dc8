import { createServer, request as sendRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { RunningRegistry } from "../registry/registry-fixture.ts";
import { makeFolder, runCli, type CliOptions, type CliRun } from "./run-cli.ts";
import { content, exported, imported, startSampleRegistry, withRegistry } from "./transfer-fixture.ts";

async function cli(
  { url }: { readonly url: string },
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliRun> {
  return runCli(args, { ...options, env: { SCHEMA_REGISTRY_URL: url, ...options.env } });
}

describe("export and import", () => {
  let source: RunningRegistry;
  let proxy: Server | undefined;

  beforeAll(async () => {
    source = await startSampleRegistry();
  });

  afterEach(() => {
    proxy?.closeAllConnections();
    proxy?.close();
    proxy = undefined;
  });

  afterAll(() => source.close());

  test("copy a registry through a file, and through a pipe", async () => {
    await withRegistry(async (target) => {
      const folder = await makeFolder({});
      const out = await cli(source, ["export", "registry.jsonl"], { cwd: folder });
      expect(out).toEqual({
        code: 0,
        stdout: "9 versions and 4 settings written to registry.jsonl\n",
        stderr: "",
      });
      expect(await readdir(folder)).toEqual(["registry.jsonl"]);
      const dry = await cli(target, ["import", "registry.jsonl", "--dry-run"], { cwd: folder });
      expect(dry).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^9 versions would be added, 0 were there/),
      });
      const first = await cli(target, ["import", "registry.jsonl", "--json"], { cwd: folder });
      expect(JSON.parse(first.stdout)).toMatchObject({
        dryRun: false,
        versions: { added: 9 },
        settings: { added: 4 },
      });
      const piped = await cli(source, ["export"]);
      expect(content(piped.stdout.trimEnd().split("\n"))).toEqual(content(await exported(target)));
      await target.registry.setCompatibility("NONE");
      const again = await cli(target, ["import"], { input: piped.stdout });
      expect(again).toMatchObject({
        code: 0,
        stdout: "0 versions added, 9 were there already\n0 settings added, 3 were there already\n",
        stderr: "the global setting differs there and stays as it is\n",
      });
    });
  });

  test("an import that is refused says why, and leaves the registry as it was", async () => {
    await withRegistry(async (target) => {
      await target.registry.register("taken", { schema: '"int"' });
      const piped = await cli(source, ["export"]);
      expect(await cli(target, ["import"], { input: piped.stdout })).toMatchObject({
        code: 2,
        stdout: "",
        stderr: expect.stringMatching(/id 1 is another schema's here\. Nothing was imported/),
      });
      expect(await target.registry.listSubjects()).toEqual(["taken"]);
      const missing = await cli(target, ["import", "missing.jsonl"]);
      expect(missing).toMatchObject({ code: 2, stderr: "There is no file missing.jsonl\n" });
    });
  });

  /** The registry as one without our own paths: what Confluent's tells. */
  async function withoutExport(
    answerAsOld: (body: string, path: string) => string = (body) => body,
  ): Promise<{ url: string }> {
    proxy = createServer((incoming, outgoing) => {
      const path = incoming.url ?? "";
      if (path.startsWith("/export") || path.startsWith("/import") || path.includes("/readers")) {
        outgoing.writeHead(404, { "content-type": "application/json" });
        outgoing.end('{"error_code":404,"message":"HTTP 404 Not Found"}');
        return;
      }
      const target = new URL(path, source.url);
      const forwarded = sendRequest(
        target,
        { method: incoming.method ?? "GET", headers: { accept: "*/*" } },
        (answer) => {
          let body = "";
          answer.setEncoding("utf8");
          answer.on("data", (chunk: string) => (body += chunk));
          answer.on("end", () => {
            outgoing.writeHead(answer.statusCode ?? 500, { "content-type": "application/json" });
            outgoing.end(answerAsOld(body, path));
          });
        },
      );
      incoming.pipe(forwarded);
    });
    await new Promise<void>((resolve) => proxy?.listen(0, "127.0.0.1", resolve));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is no string
    const { port } = proxy.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}` };
  }

  test("read a registry that has no export of its own, through its API", async () => {
    const confluent = await withoutExport();
    const { code, stdout, stderr } = await cli(confluent, ["export"]);
    expect(code).toBe(0);
    expect(stderr).toContain("no export of its own: reading it through its API");
    await withRegistry(async (target) => {
      expect(await imported(target, stdout.trimEnd().split("\n"))).toMatchObject({
        status: 200,
        body: { versions: { added: 9 } },
      });
      expect(await target.registry.listSchemas({ visibility: "all" })).toEqual(
        await source.registry.listSchemas({ visibility: "all" }),
      );
      expect(await target.registry.getCompatibility("b.Entry")).toBe("NONE");
      expect(await target.registry.getMode("d.Gap")).toBe("READONLY");
      expect(await target.registry.getCompatibility()).toBe("FULL");
    });
  });

  test("one that does not say what is deleted, when and by whom, and holds other kinds of schemas", async () => {
    const old = await withoutExport((body) => {
      const answer: unknown = JSON.parse(body);
      if (!Array.isArray(answer) || typeof answer[0] !== "object") return body;
      const plain = answer.map(({ subject, version, id, schema, references, metadata }) => ({
        subject,
        version,
        id,
        schema,
        references,
        metadata,
      }));
      return JSON.stringify([
        ...plain,
        { ...plain[0], subject: "proto", version: 1, id: 900, schemaType: "PROTOBUF" },
      ]);
    });
    const { stdout, stderr } = await cli(old, ["export"]);
    expect(stderr).toContain("1 versions are left out: they are not Avro");
    await withRegistry(async (target) => {
      await imported(target, stdout.trimEnd().split("\n"));
      const kept = await target.registry.getVersion("b.Entry", 2, { deleted: true });
      expect(kept).toMatchObject({ deleted: true, author: null, registeredAt: expect.any(Date) });
      expect(await target.registry.listSubjects({ visibility: "all" })).not.toContain("proto");
    });
  });

  test("one that knows no contexts", async () => {
    const old = await withoutExport((body, path) => (path.includes("subjectPrefix") ? "[]" : body));
    const { stdout } = await cli(old, ["export"]);
    expect(stdout.trimEnd().split("\n").length).toBeGreaterThan(9);
  });

  test("an import into one that takes none says so", async () => {
    const folder = await makeFolder({ "one.jsonl": "{}\n" });
    const { code, stderr } = await cli(await withoutExport(), ["import", "one.jsonl"], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/takes no imports/);
  });

  test("an export that breaks off leaves no file", async () => {
    proxy = createServer((_incoming, outgoing) => {
      outgoing.writeHead(200, { "content-type": "application/x-ndjson" });
      outgoing.end('{"kind":"registry","format":1,"exportedAt":""}\n');
    });
    await new Promise<void>((resolve) => proxy?.listen(0, "127.0.0.1", resolve));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is no string
    const { port } = proxy.address() as AddressInfo;
    const folder = await makeFolder({});
    const broken = await cli({ url: `http://127.0.0.1:${port}` }, ["export", "half.jsonl"], { cwd: folder });
    expect(broken).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/broke the export off, so nothing was kept/),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test("a written file is the export, byte for byte", async () => {
    const folder = await makeFolder({});
    await cli(source, ["export", join(folder, "a.jsonl")]);
    const lines = (await readFile(join(folder, "a.jsonl"), "utf8")).trimEnd().split("\n");
    expect(content(lines)).toEqual(content(await exported(source)));
  });
});
