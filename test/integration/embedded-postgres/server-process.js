// Started by the tests as an application would be: it joins the server of a folder, and leaves it on a signal.
import { createPool, startEmbeddedPostgres } from "@tidemark/schema-registry/postgres";

const [dataDir, ...flags] = process.argv.slice(2);

if (dataDir === "--check") process.exit(0);

try {
  const server = await startEmbeddedPostgres({ dataDir, durable: flags.includes("--durable") });
  const pool = createPool({ connectionString: server.connectionString(), allowExitOnIdle: true });
  const stay = flags.includes("--leave-at-once") ? undefined : setInterval(() => {}, 1_000);
  const leave = async (signal) => {
    clearInterval(stay);
    // What an application does while it drains: it still needs the database.
    await pool.query("select 1");
    console.log(`drained after ${signal}`);
    await pool.end();
    await server.close();
    console.log("closed");
  };
  process.once("SIGTERM", (signal) => void leave(signal));
  process.once("SIGINT", (signal) => void leave(signal));
  // Who reads this may send a signal at once.
  console.log(
    `ready ${JSON.stringify({ port: server.port, owned: server.owned, url: server.connectionString() })}`,
  );
} catch (error) {
  console.log(`failed ${error.code}: ${error.message}`);
  process.exitCode = 1;
}
