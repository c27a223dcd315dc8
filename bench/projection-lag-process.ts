import { randomUUID } from "node:crypto";
import { resourceUsage } from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { ProjectionSupervisor } from "@tidemark/framework";
import { PostgresEventStore, PostgresProjectionStore } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import type { LagJob, LagResult } from "./projection-lag-job.ts";
import { balances, balancesTwin, deposit, FundsDeposited, serializer } from "./rebuild-model.ts";

const accounts = 2_000;
/** Appends that are under way at a time at most, per 1,000 a second. */
const concurrency = 64;
const warmUpSeconds = 1;

/** When each append was called, by its position, until it is seen. */
class Sightings {
  readonly #waiting: { readonly position: bigint; readonly calledAt: number }[] = [];
  readonly lags: number[] = [];
  #seen = 0n;

  appended(position: bigint, calledAt: number): void {
    // Its effect may have been visible before the answer to the append arrived.
    if (position <= this.#seen) this.lags.push(performance.now() - calledAt);
    else this.#waiting.push({ position, calledAt });
  }

  saw(position: bigint): void {
    this.#seen = position;
    const now = performance.now();
    let left = 0;
    for (const waiting of this.#waiting) {
      if (waiting.position <= position) this.lags.push(now - waiting.calledAt);
      else this.#waiting[left++] = waiting;
    }
    this.#waiting.length = left;
  }

  get waiting(): number {
    return this.#waiting.length;
  }
}

/** Asks the database over and over how far the read model is: what a query would see. */
async function watch(
  client: pg.PoolClient,
  subscription: string,
  sightings: Sightings,
  until: () => boolean,
): Promise<void> {
  while (!until()) {
    const { rows } = await client.query<{ position: bigint }>({
      name: "position",
      text: "select position from tidemark.checkpoints where subscription = $1",
      values: [subscription],
    });
    sightings.saw(rows[0]?.position ?? 0n);
    await delay(0.5);
  }
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function run({ connectionString, appendsPerSecond, seconds, rebuildRate }: LagJob): Promise<LagResult> {
  const eventStore = new PostgresEventStore({ connectionString });
  const store = new PostgresProjectionStore({ connectionString });
  await eventStore.open();
  await store.open();
  const definitions = rebuildRate === null ? [balances] : [balances, balancesTwin];
  const supervisor = new ProjectionSupervisor({
    definitions,
    eventStore,
    serializer,
    store,
    applicationName: "projection-lag-bench",
  });
  await supervisor.start();
  await supervisor.whenReady();
  const ending = new AbortController();
  const rebuild =
    rebuildRate === null
      ? null
      : supervisor
          .rebuild(balancesTwin.name, { eventsPerSecond: rebuildRate, signal: ending.signal })
          .catch((error: unknown) => {
            if (!ending.signal.aborted) throw error;
          });

  const pool = createPool({ connectionString, max: 1, applicationName: "projection-lag-bench" });
  const client = await pool.connect();
  const before = await eventStore.head();
  const [build] = (await store.builds([balances.name])).filter((state) => state.build.serving);
  if (build === undefined) throw new Error("there is no read model");
  const sightings = new Sightings();
  let isOver = false;
  const watching = watch(
    client,
    build.build.subscription,
    sightings,
    () => isOver && sightings.waiting === 0,
  );

  const context = {
    correlationId: randomUUID(),
    causationId: null,
    metadata: { actor: "user-4711", traceparent: null, user: {} },
  };
  let appended = 0;
  let measuring = false;
  let settled = 0;
  const append = async (): Promise<void> => {
    const calledAt = performance.now();
    const event = serializer.encode(FundsDeposited(deposit), randomUUID(), context);
    const outcome = await eventStore.append(`live-l${appended++ % accounts}`, [event]);
    if (outcome.status !== "appended" || outcome.position === null) throw new Error(outcome.status);
    if (measuring) sightings.appended(outcome.position, calledAt);
  };
  const underWay = new Set<Promise<void>>();
  const startedAt = performance.now();
  let due = 0;
  const total = Math.round(appendsPerSecond * (seconds + warmUpSeconds));
  while (due < total) {
    const elapsed = (performance.now() - startedAt) / 1_000;
    measuring = elapsed > warmUpSeconds;
    if (settled === 0 && elapsed > warmUpSeconds + seconds / 5) settled = process.memoryUsage.rss();
    const wanted = Math.min(total, Math.floor(elapsed * appendsPerSecond));
    while (due < wanted && underWay.size < concurrency * Math.max(1, appendsPerSecond / 1_000)) {
      due += 1;
      const appending = append().finally(() => underWay.delete(appending));
      underWay.add(appending);
    }
    await delay(1);
  }
  await Promise.all(underWay);
  const took = (performance.now() - startedAt) / 1_000;
  isOver = true;
  await Promise.race([watching, delay(30_000)]);
  const grown = process.memoryUsage.rss() - settled;
  const { rows } = await client.query<{ events: bigint }>(
    `select (sum(balance) / ${deposit.amount})::bigint as events from "${build.build.schema}".balances`,
  );
  const missing = Number(before) + appended - Number(rows[0]?.events ?? 0n);
  ending.abort();
  await rebuild;
  client.release();
  await pool.end();
  await supervisor.close();
  await store.close();
  await eventStore.close();
  const sorted = sightings.lags.toSorted((left, right) => left - right);
  return {
    appendsPerSecond: appended / took,
    events: sorted.length,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1) ?? Number.NaN,
    missing,
    residentMegabytes: resourceUsage().maxRSS / 1024,
    growthMegabytes: grown / 1024 / 1024,
  };
}

process.on("message", (job: LagJob) => {
  run(job).then(
    (result) => {
      process.send?.(result);
      process.disconnect();
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
