import type { StoredEvent } from "@tidemark/framework";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore } from "../../support/event-store-template.ts";
import { makeServerFolder } from "../../support/server-folder.ts";
import { spawnNode, type SpawnedProcess } from "../../support/spawn-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import type { Attempt } from "./attempt.ts";
import { findViolations } from "./find-violations.ts";
import { Follower } from "./follower.ts";

const writerFile = fileURLToPath(new URL("./writer.mjs", import.meta.url));

interface TortureOptions {
  readonly connectionString: string;
  readonly seed: number;
  readonly processes?: number;
  /** What happens while the writers write; they stop when it returns. */
  readonly during: (writers: readonly SpawnedProcess[]) => Promise<unknown>;
}

export interface TortureReport {
  readonly violations: readonly string[];
  readonly attempts: readonly Attempt[];
  readonly events: number;
}

/** Lets processes of writers append while followers read, and compares what each of them has been told. */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const { connectionString, seed, processes = 4, during } = options;
  const listening = await openStore({ connectionString, pollIntervalMs: 100 });
  const polling = await openStore({ connectionString, wakeup: "poll", pollIntervalMs: 20 });
  const followers = [
    new Follower(listening),
    new Follower(polling),
    new Follower(listening, { types: ["torture.Writer0"] }),
  ];
  const folder = await makeServerFolder();
  const files = Array.from({ length: processes }, (_, n) => join(folder, `writer-${n}`));
  const writers = files.map((file, n) =>
    startWriters({ connectionString, name: `Writer${n}`, seed: seed + n, writers: 4, file }),
  );
  for (const writer of writers) await writer.waitForLine(/^writing$/);
  await during(writers);
  for (const writer of writers) writer.kill("SIGTERM");
  for (const writer of writers) await writer.waitForLine(/^written$/, { timeoutMs: 60_000 });

  const head = await waitFor(() => listening.head(), { what: "the head of the log" });
  for (const follower of followers) await follower.reach(head);
  for (const follower of followers) await follower.stop();
  const log: StoredEvent[] = [];
  for await (const { events } of listening.readAll()) log.push(...events);
  await Promise.all([listening.close(), polling.close()]);
  const attempts = (await Promise.all(files.map(readAttempts))).flat();
  return { violations: findViolations({ log, attempts, followers }), attempts, events: log.length };
}

function startWriters(options: Record<string, string | number>): SpawnedProcess {
  return spawnNode(writerFile, [JSON.stringify(options)]);
}

async function readAttempts(file: string): Promise<Attempt[]> {
  const lines = (await readFile(file, "utf8")).split("\n");
  // JSON.parse is untyped; writer.mjs writes just these.
  return lines.map((line) => JSON.parse(line) as Attempt);
}
