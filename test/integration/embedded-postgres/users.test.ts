import { spawnSync } from "node:child_process";
import { chmod, chown, lchown, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEmbeddedPostgres } from "@tidemark/schema-registry/postgres";
import { describe, expect, test } from "vitest";
import { makeServerFolder, readProcessUser, readServerPid } from "../../support/server-folder.ts";
import { spawnNode } from "../../support/spawn-process.ts";

const program = fileURLToPath(new URL("server-process.js", import.meta.url));
const nobody = 65534;
const plainUser = 4711;
const isRoot = process.getuid?.() === 0;
const plainUserRunsNode =
  isRoot &&
  spawnSync(process.execPath, [program, "--check"], { uid: plainUser, gid: plainUser }).status === 0;
const namespaces =
  isRoot && spawnSync("unshare", ["--user", "--map-user=65534", "--map-group=65534", "true"]).status === 0;

async function serverUser(dataDir: string): Promise<number | undefined> {
  const pid = await readServerPid(dataDir);
  return pid === undefined ? undefined : readProcessUser(pid);
}

async function chownTree(path: string, user: number): Promise<void> {
  await lchown(path, user, user);
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    await lchown(join(entry.parentPath, entry.name), user, user);
  }
}

describe.runIf(isRoot)("the user that runs PostgreSQL, for root", () => {
  test("is nobody, in a folder that was private", async () => {
    const dataDir = await makeServerFolder(0o700);
    await using _server = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(await serverUser(dataDir)).toBe(nobody);
    expect((await stat(join(dataDir, "password"))).uid).toBe(0);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o711);
  });

  test.runIf(namespaces)(
    "is root in a namespace where nobody cannot enter, and nobody again elsewhere",
    async () => {
      const home = await makeServerFolder(0o700);
      const dataDir = join(home, "data");
      const server = await startEmbeddedPostgres({ dataDir, durable: false });
      expect(await serverUser(dataDir)).toBe(0);
      const url = await server.ensureDatabase("ledger");
      await server.close();

      await chmod(home, 0o755);
      const moved = await startEmbeddedPostgres({ dataDir, durable: false });
      expect(await serverUser(dataDir)).toBe(nobody);
      expect(await moved.ensureDatabase("ledger")).toBe(url);
      await moved.close();

      await chmod(home, 0o700);
      await using _back = await startEmbeddedPostgres({ dataDir, durable: false });
      expect(await serverUser(dataDir)).toBe(0);
    },
  );

  test("is the owner of the data, so that root does not take a plain user's folder away", async () => {
    const dataDir = await makeServerFolder();
    await (await startEmbeddedPostgres({ dataDir, durable: false })).close();
    await chownTree(join(dataDir, "data"), plainUser);
    await using _server = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(await serverUser(dataDir)).toBe(plainUser);
    expect((await stat(join(dataDir, "data"))).uid).toBe(plainUser);
  });

  test("a plain user's data where that user cannot enter is refused", async () => {
    const home = await makeServerFolder(0o700);
    const dataDir = join(home, "data");
    await mkdir(join(dataDir, "data"), { recursive: true });
    await chown(join(dataDir, "data"), plainUser, plainUser);
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
      code: "PG_FOLDER_NOT_ACCESSIBLE",
      message: expect.stringMatching(
        /PostgreSQL does not run as root, and user 4711 cannot enter .*: run this as/,
      ),
    });
  });
});

describe.runIf(plainUserRunsNode)("the user that runs PostgreSQL, for a plain user", () => {
  const asUser = (uid: number) => ({ uid, gid: uid });

  test("is that user, whose folder root can use in between", async () => {
    const dataDir = await makeServerFolder();
    await chown(dataDir, plainUser, plainUser);
    const own = spawnNode(program, [dataDir], asUser(plainUser));
    await own.waitForLine(/^ready .*"owned":true/);
    expect(await serverUser(dataDir)).toBe(plainUser);
    const guest = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(guest.owned).toBe(false);
    own.kill();
    expect(await own.exit, own.output).toEqual({ code: 0, signal: null });
    await guest.close();

    const again = spawnNode(program, [dataDir], asUser(plainUser));
    await again.waitForLine(/^ready .*"owned":true/);
    again.kill();
    expect(await again.exit, again.output).toEqual({ code: 0, signal: null });
  });

  test("a folder that root made is refused with a sentence", async () => {
    const dataDir = await makeServerFolder();
    await (await startEmbeddedPostgres({ dataDir, durable: false })).close();
    const other = spawnNode(program, [dataDir], asUser(plainUser));
    const [line] = await other.waitForLine(/^failed .*/);
    expect(line).toMatch(/^failed PG_FOLDER_NOT_ACCESSIBLE: .* run this as the user that owns it/);

    await chown(dataDir, plainUser, plainUser);
    await chown(join(dataDir, "password"), plainUser, plainUser);
    const owner = spawnNode(program, [dataDir], asUser(plainUser));
    const [refusal] = await owner.waitForLine(/^failed .*/);
    expect(refusal).toMatch(/belongs to user 65534, this process runs as user 4711: .* chown -R 4711/);
  });
});
