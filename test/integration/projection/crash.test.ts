import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bank, Moved, type BankEvent } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { spawnNode, type SpawnedProcess } from "../../support/spawn-process.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

const program = fileURLToPath(new URL("projector-process.js", import.meta.url));

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
});
afterEach(() => database.drop());

interface Row {
  readonly account_id: string;
  readonly cents: bigint;
  readonly moves: number;
}

function moves(count: number): BankEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    account: `from${index % 97}`,
    event: Moved({ cents: BigInt(index), to: `to${(index * 7) % 150}` }),
  }));
}

function expectedRows(history: readonly BankEvent[]): Row[] {
  const rows = new Map<string, Row>();
  for (const [index] of history.entries()) {
    const account_id = `to${(index * 7) % 150}`;
    const { cents, moves } = rows.get(account_id) ?? { cents: 0n, moves: 0 };
    rows.set(account_id, { account_id, cents: cents + BigInt(index), moves: moves + 1 });
  }
  return [...rows.values()].toSorted((a, b) => (a.account_id < b.account_id ? -1 : 1));
}

interface Snapshot {
  readonly rows: readonly Row[];
  readonly events: bigint;
  readonly token: bigint;
}

async function snapshot(): Promise<Snapshot> {
  const pool = createPool({ connectionString: database.connectionString, max: 1 });
  try {
    const builds = await pool.query<{ schema_name: string; subscription: string }>(
      "select schema_name, subscription from tidemark.projection_builds where status = 'active'",
    );
    const [build] = builds.rows;
    if (build === undefined) return { rows: [], events: 0n, token: 0n };
    const { rows } = await pool.query<Row>(
      `select account_id, cents, moves from ${build.schema_name}.balances order by account_id collate "C"`,
    );
    const checkpoint = await pool.query<{ events: bigint; fencing_token: bigint }>(
      "select events, fencing_token from tidemark.checkpoints where subscription = $1",
      [build.subscription],
    );
    return {
      rows,
      events: checkpoint.rows[0]?.events ?? 0n,
      token: checkpoint.rows[0]?.fencing_token ?? 0n,
    };
  } finally {
    await pool.end();
  }
}

async function kill(process: SpawnedProcess): Promise<void> {
  process.kill("SIGKILL");
  await process.exit;
}

describe("a projector that is killed", () => {
  test("resumes its build, and no event counts twice", async () => {
    const history = moves(20_000);
    await using bank = await Bank.open(database.connectionString);
    await bank.append(history);
    const seed = Date.now() % 1_000;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const rebuild = spawnNode(program, [database.connectionString, "rebuild"]);
      await rebuild.waitForLine(/^progress/);
      await delay((seed * (attempt + 3)) % 250);
      await kill(rebuild);
    }
    const last = spawnNode(program, [database.connectionString, "rebuild"]);
    await last.waitForLine(/^closed/);
    const { rows, events, token } = await snapshot();
    expect(rows, `seed ${seed}`).toEqual(expectedRows(history));
    expect(events).toBe(BigInt(history.length));
    expect(token).toBeGreaterThan(1n);
  });

  test("is taken over by another process, and its zombie cannot commit any more", async () => {
    const history = moves(3_000);
    await using bank = await Bank.open(database.connectionString);
    await bank.append(history.slice(0, 1_000));
    const zombie = spawnNode(program, [database.connectionString, "serve"]);
    await zombie.waitForLine(/^ready/);
    const before = await snapshot();
    zombie.kill("SIGSTOP");
    const heir = spawnNode(program, [database.connectionString, "serve"]);
    await heir.waitForLine(/^ready/);
    await bank.append(history.slice(1_000, 2_000));
    await waitFor(async () => (await snapshot()).events === 2_000n, { what: "the heir's commits" });
    expect((await snapshot()).token).toBeGreaterThan(before.token);

    zombie.kill("SIGCONT");
    await bank.append(history.slice(2_000));
    await waitFor(async () => (await snapshot()).events === 3_000n, { what: "the rest of the commits" });
    expect((await snapshot()).rows).toEqual(expectedRows(history));
    for (const process of [zombie, heir]) {
      process.kill("SIGTERM");
      expect(await process.exit, process.output).toEqual({ code: 0, signal: null });
    }
  });
});
