// Started by the test, several at a time: works under a permit of a semaphore, again and again, and prints when.
import { setTimeout as delay } from "node:timers/promises";
import { silentLogger } from "@tidemark/framework";
import { PostgresProjectionStore } from "@tidemark/framework/postgres";
import { PermitKeeper } from "../../../packages/framework/dist/subscription/limits/permit-keeper.js";

const [connectionString, workers, workMs, leaseMs] = process.argv.slice(2);
const store = new PostgresProjectionStore({ connectionString, migrate: false });
await store.open();
const keeper = new PermitKeeper({
  store: store.limits,
  label: `process ${process.pid}`,
  leaseMs: Number(leaseMs),
  logger: silentLogger,
});
const closing = new AbortController();
store.watch({ onPermitFreed: (semaphore) => keeper.freed(semaphore) }, closing.signal);
process.once("SIGTERM", () => closing.abort());
const now = () => (performance.timeOrigin + performance.now()).toFixed(1);
console.log("ready");

async function work() {
  while (!closing.signal.aborted) {
    const permit = await keeper.acquire("mail-server", closing.signal);
    const from = now();
    process.stdout.write(`began ${from}\n`);
    await delay(Number(workMs), undefined, { signal: permit.signal }).then(
      () => process.stdout.write(`worked ${from} ${now()}\n`),
      () => process.stdout.write(`lost ${permit.signal.reason.code}\n`),
    );
    permit.release();
  }
}

const working = await Promise.allSettled(Array.from({ length: Number(workers) }, work));
for (const { reason } of working) if (reason !== undefined && !closing.signal.aborted) throw reason;
await keeper.close();
await store.close();
