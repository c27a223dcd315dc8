// Started by the test, several at a time: makes as many calls as the rate lets pass, and prints when it made each.
import { PostgresProjectionStore } from "@tidemark/framework/postgres";
import { RateLimiter } from "../../../packages/framework/dist/subscription/limits/rate-limiter.js";

const [connectionString, intervalMs] = process.argv.slice(2);
const store = new PostgresProjectionStore({ connectionString, wakeup: "poll", migrate: false });
await store.open();
let statements = 0;
const limiter = new RateLimiter({
  store: {
    reserve: (request) => {
      statements += 1;
      return store.limits.reserve(request);
    },
  },
  name: "calls",
  intervalMs: Number(intervalMs),
});
const closing = new AbortController();
process.once("SIGTERM", () => closing.abort());
console.log("ready");
let times = [];
const flush = () => {
  if (times.length > 0) process.stdout.write(`calls ${times.join(" ")}\n`);
  times = [];
};
try {
  for (;;) {
    await limiter.acquire(closing.signal);
    times.push((performance.timeOrigin + performance.now()).toFixed(1));
    if (times.length >= 20 || Number(intervalMs) >= 20) flush();
  }
} catch (error) {
  if (!closing.signal.aborted) throw error;
}
flush();
console.log(`statements ${statements}`);
await store.close();
