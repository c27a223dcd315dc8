import {
  defineSemaphore,
  defineSubscription,
  IntakeQueue,
  readModel,
  type Application,
} from "@tidemark/framework";
import { postgresStorage, type PostgresStorageOptions } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Opened } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { Account, greeting, startObserved } from "../../support/observed-application.ts";
import { parseMetrics, type MetricSample } from "../../support/parse-metrics.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
const applications: Application[] = [];

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
});
afterEach(async () => {
  for (const application of applications.splice(0).toReversed()) await application.close();
  await database.drop();
});

async function start(
  options: Parameters<typeof startObserved>[1] = {},
  storage: Partial<PostgresStorageOptions> = {},
): ReturnType<typeof startObserved> {
  const application = await startObserved(
    postgresStorage({ database: database.connectionString, ...storage }),
    options,
  );
  applications.push(application);
  return application;
}

class Scrape {
  readonly #samples: readonly MetricSample[];

  constructor(text: string) {
    this.#samples = parseMetrics(text);
  }

  all(name: string, labels: Record<string, string> = {}): readonly MetricSample[] {
    return this.#samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  }

  /** Of the one sample that has these labels. */
  value(name: string, labels: Record<string, string> = {}): number {
    const [sample, ...more] = this.all(name, labels);
    if (sample === undefined || more.length > 0)
      throw new Error(`${more.length + (sample ? 1 : 0)} samples of ${name}`);
    return sample.value;
  }
}

async function scrape(application: Application): Promise<Scrape> {
  return new Scrape(await application.operations.metrics.text());
}

const owners = { kind: "projection", name: "owners", version: "1", partition: "0" };
const greeted = { kind: "subscription", name: "greeting", partition: "0" };

describe("a scrape", () => {
  test("counts commands, appends and what subscriptions handled", async () => {
    const application = await start();
    await application.execute(Account, "1", "open", { owner: "Ada" }, { idempotencyKey: "k" });
    await application.execute(Account, "1", "open", { owner: "Ada" }, { idempotencyKey: "k" });
    await application.execute(Account, "2", "open", { owner: "Bob" });
    await expect(application.execute(Account, "2", "open", { owner: "Bob" })).rejects.toThrow("is open");
    await waitFor(async () => {
      const now = await scrape(application);
      const handled = (labels: Record<string, string>) =>
        now.value("tidemark_subscription_handled_events_total", labels) === 2 &&
        now.value("tidemark_subscription_lag_events", labels) === 0;
      return now.all("tidemark_log_head_position")[0]?.value === 2 && handled(owners) && handled(greeted);
    });
    // What the process counts is taken at once, and what the database says a little later.
    const all = await scrape(application);

    const command = { application: "observed", aggregate: "account", command: "open" };
    expect(all.value("tidemark_commands_total", { ...command, outcome: "accepted" })).toBe(2);
    expect(all.value("tidemark_commands_total", { ...command, outcome: "replayed" })).toBe(1);
    expect(all.value("tidemark_commands_total", { ...command, outcome: "refused" })).toBe(1);
    expect(all.value("tidemark_command_duration_seconds_count", command)).toBe(4);
    expect(all.value("tidemark_commands_in_flight")).toBe(0);
    expect(all.value("tidemark_appends_total", { outcome: "appended" })).toBe(2);
    expect(all.value("tidemark_events_appended_total")).toBe(2);
    const buckets = all.all("tidemark_append_duration_seconds_bucket").map(({ value }) => value);
    expect(buckets.toSorted((a, b) => a - b)).toEqual(buckets);
    expect(buckets.at(-1)).toBe(all.value("tidemark_append_duration_seconds_count"));
    expect(all.value("tidemark_log_head_position")).toBe(2);
    expect(all.value("tidemark_events_read_total")).toBeGreaterThanOrEqual(4);
    expect(all.value("tidemark_append_queue_limit_events")).toBe(20_000);
    expect(all.value("tidemark_append_queue_events")).toBe(0);
    expect(all.value("tidemark_pool_limit_connections", { pool: "append" })).toBe(4);
    expect(all.value("tidemark_pool_waiting", { pool: "project" })).toBe(0);
    expect(all.value("tidemark_log_full")).toBe(0);
    expect(all.value("tidemark_status_available")).toBe(1);
    expect(all.all("process_cpu_seconds_total")).toHaveLength(1);

    for (const labels of [owners, greeted]) {
      expect(all.value("tidemark_subscription_lag_events", labels)).toBe(0);
      expect(all.value("tidemark_subscription_lag_seconds", labels)).toBe(0);
      expect(all.value("tidemark_subscription_partition_owned", labels)).toBe(1);
      expect(all.value("tidemark_subscription_state", labels)).toBe(1);
      expect(all.all("tidemark_subscription_state", { ...labels, state: "running" })).toHaveLength(1);
      const [owner] = all.all("tidemark_subscription_partition_owner", labels);
      expect(owner?.labels["owner"]).toContain(`process ${process.pid}`);
    }
  });

  test("tells that a position is behind, and for how long, also without an owner", async () => {
    await (await start()).close();
    const writer = await start({ projections: "off", subscriptions: "off" });
    await writer.execute(Account, "1", "open", { owner: "Ada" });
    await writer.execute(Account, "2", "open", { owner: "Bob" });
    const pool = createPool({ connectionString: database.connectionString, max: 1 });
    const { rows } = await pool.query<{ age: number }>(
      "select extract(epoch from clock_timestamp() - recorded_at)::float8 as age from tidemark.events where position = 1",
    );
    await pool.end();
    const all = await scrape(writer);
    for (const labels of [owners, greeted]) {
      expect(all.value("tidemark_subscription_lag_events", labels)).toBe(2);
      const age = all.value("tidemark_subscription_lag_seconds", labels);
      expect(age).toBeGreaterThanOrEqual(rows[0]?.age ?? Infinity);
      expect(age).toBeLessThan(60);
      expect(all.value("tidemark_subscription_partition_owned", labels)).toBe(0);
      expect(all.all("tidemark_subscription_state", labels)).toEqual([]);
    }
    const { consumers } = await writer.operations.status();
    expect(consumers).toMatchObject([
      { name: "owners", lag: 2n, partitions: [{ state: "unowned", owner: null, here: null }] },
      { name: "greeting", lag: 2n, partitions: [{ state: "unowned", owner: null, here: null }] },
    ]);
  });

  test("counts retries and shows dead letters with the age of the oldest", async () => {
    const application = await start({ subscription: greeting(new Set(["Bob"])) });
    await application.execute(Account, "1", "open", { owner: "Ada" });
    await application.execute(Account, "2", "open", { owner: "Bob" });
    const parked = await waitFor(async () => {
      const now = await scrape(application);
      const { partition: _, ...labels } = greeted;
      return now.value("tidemark_subscription_parked_sequences", labels) === 1 && now;
    });
    expect(parked.value("tidemark_subscription_retries_total", greeted)).toBe(2);
    expect(parked.value("tidemark_subscription_parked_events", { name: "greeting" })).toBe(1);
    expect(parked.value("tidemark_subscription_oldest_parked_seconds", { name: "greeting" })).toBeGreaterThan(
      0,
    );
    expect(parked.value("tidemark_subscription_parked_sequences", { name: "owners" })).toBe(0);
    expect(parked.value("tidemark_subscription_oldest_parked_seconds", { name: "owners" })).toBe(0);
  });

  test("shows a build while it is under way, and no longer when it serves", async () => {
    const writer = await start({ projections: "off", subscriptions: "off" });
    for (const id of ["1", "2", "3"]) await writer.execute(Account, id, "open", { owner: "Ada" });
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const waiting = readModel<object>().defineProjection({
      name: "waiting",
      version: 3,
      events: [Opened],
      migrations: [{ name: "nothing", up: async () => undefined }],
      project: { Opened: () => gate },
    });
    const application = await start({ readModels: [waiting] });
    const build = { kind: "projection", name: "waiting", version: "3", build: "1" };
    const building = await waitFor(async () => {
      const now = await scrape(application);
      return now.all("tidemark_rebuild_progress_ratio", build).length > 0 && now;
    });
    expect(building.value("tidemark_rebuild_progress_ratio", build)).toBeLessThanOrEqual(1);
    expect(building.value("tidemark_rebuild_events_per_second", build)).toBeGreaterThanOrEqual(0);
    expect(building.value("tidemark_projection_build_info", { ...build, status: "building" })).toBe(1);
    expect(building.value("tidemark_subscription_lag_events", build)).toBe(3);
    open();
    await application.projections.whenReady();
    // One reading of the status serves several scrapes.
    const serving = await waitFor(async () => {
      const now = await scrape(application);
      return now.all("tidemark_rebuild_progress_ratio").length === 0 && now;
    });
    expect(serving.value("tidemark_projection_build_info", { ...build, status: "active" })).toBe(1);
    expect(serving.value("tidemark_subscription_events_total", build)).toBe(3);
  });

  test("shows how far semaphores and rates of all processes are used up", async () => {
    const waiting: (() => void)[] = [];
    const subscription = defineSubscription({
      name: "greeting",
      events: [Opened],
      partitions: 2,
      semaphores: [defineSemaphore({ name: "greeter", permits: 1 })],
      rateLimit: { requests: 2, per: "minute" },
      handle: { Opened: () => new Promise<void>((resolve) => void waiting.push(resolve)) },
    });
    const application = await start({ subscription });
    for (let id = 1; id <= 8; id += 1)
      await application.execute(Account, String(id), "open", { owner: "Ada" });
    const used = await waitFor(async () => {
      const now = await scrape(application);
      return now.value("tidemark_semaphore_waiting", { semaphore: "greeter" }) === 1 && now;
    });
    expect(used.value("tidemark_semaphore_permits", { semaphore: "greeter" })).toBe(1);
    expect(used.value("tidemark_semaphore_permits_taken", { semaphore: "greeter" })).toBe(1);
    expect(used.all("tidemark_rate_limit_wait_seconds")).toHaveLength(1);
    const { limits } = await application.operations.status();
    expect(limits.semaphores).toEqual([{ name: "greeter", permits: 1, taken: 1, waiting: 1 }]);
    for (const resolve of waiting) resolve();
    await application.close();
    expect(waiting.length).toBeGreaterThan(0);
  });

  test("tells what holds a subscription up", async () => {
    const subscription = defineSubscription({
      name: "greeting",
      events: [Opened],
      retry: { steps: 1, duration: 1, factor: 1, jitter: 0, cap: 50 },
      parking: { maxParkedSequences: 1 },
      handle: {
        Opened: () => {
          throw new Error("nobody is to be greeted");
        },
      },
    });
    const application = await start({ subscription });
    for (const id of ["1", "2"]) await application.execute(Account, id, "open", { owner: "Ada" });
    const tripped = await waitFor(async () => {
      const now = await scrape(application);
      const here = now.all("tidemark_subscription_state", { ...greeted, state: "tripped" }).length === 1;
      return here && now.all("tidemark_subscription_partition_owner", { state: "tripped" }).length === 1;
    });
    expect(tripped).toBe(true);
    const { consumers } = await application.operations.status();
    const { error } = consumers.find(({ name }) => name === "greeting")?.partitions[0] ?? {};
    expect(error).toMatch(
      /^1 sequences are parked already, and 1 may be; position 2: nobody is to be greeted/,
    );
  });

  test("shows why appends are refused", async () => {
    let free = 1_000n;
    const application = await start(
      {},
      { eventStore: { diskGuard: { minFreeBytes: 10, freeBytes: async () => free, intervalMs: 5 } } },
    );
    await application.execute(Account, "1", "open", { owner: "Ada" });
    free = 1n;
    await waitFor(async () => (await scrape(application)).value("tidemark_log_full") === 1);
    await expect(application.execute(Account, "2", "open", { owner: "Bob" })).rejects.toMatchObject({
      code: "log-full",
    });
    const all = await scrape(application);
    expect(all.value("tidemark_appends_total", { outcome: "log-full" })).toBe(1);
    expect(all.value("tidemark_commands_total", { outcome: "log-full" })).toBe(1);
    free = 1_000n;
    await waitFor(async () => (await scrape(application)).value("tidemark_log_full") === 0);
  });

  test("shows the queues that the application lets it watch", async () => {
    const application = await start();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const queue = new IntakeQueue<string>({
      name: "ticker",
      most: { items: 2, bytes: 100 },
      batch: 1,
      whenFull: "drop",
      optional: true,
      handle: () => gate,
    });
    const ending = new AbortController();
    application.operations.watch(queue, { signal: ending.signal });
    for (const item of ["1", "2", "3", "4"]) await queue.offer(item);
    const all = await scrape(application);
    expect(all.value("tidemark_intake_items", { queue: "ticker" })).toBe(2);
    expect(all.value("tidemark_intake_dropped_total", { queue: "ticker" })).toBe(2);
    expect((await application.operations.status()).intakes).toMatchObject([{ name: "ticker", dropped: 2 }]);
    ending.abort();
    expect((await scrape(application)).all("tidemark_intake_items")).toEqual([]);
    open();
    await queue.close();
  });

  test("of an application without its database still has what the process knows", async () => {
    const application = await start();
    await application.execute(Account, "1", "open", { owner: "Ada" });
    await application.close();
    applications.splice(0);
    const all = await scrape(application);
    expect(all.value("tidemark_status_available")).toBe(0);
    expect(all.value("tidemark_events_appended_total")).toBe(1);
    expect(all.all("tidemark_subscription_lag_events")).toEqual([]);
    expect(all.all("tidemark_log_head_position")).toEqual([]);
  });

  test("keeps the applications of one process apart", async () => {
    const first = await start();
    const second = await start();
    await first.execute(Account, "1", "open", { owner: "Ada" });
    expect((await scrape(first)).value("tidemark_commands_total")).toBe(1);
    expect((await scrape(second)).all("tidemark_commands_total")).toEqual([]);
  });
});
