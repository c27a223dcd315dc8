// Started by the test, several at a time: gives each key its effect, tries again what did not commit, in an order of
// its own.
import { processedKeys } from "@tidemark/framework/postgres";
import pg from "pg";

const [connectionString, keys, seed] = process.argv.slice(2);
const client = new pg.Client({ connectionString });
await client.connect();
const processed = processedKeys({ table: "shop.processed_keys" });
let state = Number(seed);
const random = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};
const todo = Array.from({ length: Number(keys) }, (_, index) => `mail:${index}`);
const counts = { done: 0, "already-done": 0, undone: 0 };
console.log("ready");
while (todo.length > 0) {
  const [key] = todo.splice(Math.floor(random() * todo.length), 1);
  await client.query("begin");
  const { status } = await processed.once(client, key, () =>
    client.query("insert into shop.effects (key) values ($1)", [key]),
  );
  // As when its process dies or another statement fails.
  const undone = random() < 0.2;
  await client.query(undone ? "rollback" : "commit");
  counts[undone ? "undone" : status] += 1;
  if (undone) todo.push(key);
}
console.log(`counts ${JSON.stringify(counts)}`);
await client.end();
