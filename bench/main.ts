import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Runs every workload file in order, each in a process of its own; an argument names one: `npm run bench -- append`. */
const workloads = ["append", "read", "rebuild", "projection-lag", "registry"];
const [wanted] = process.argv.slice(2);

if (wanted !== undefined && !workloads.includes(wanted)) {
  process.stderr.write(`There is no workload ${wanted}: choose one of ${workloads.join(", ")}\n`);
  process.exit(2);
}
for (const workload of wanted === undefined ? workloads : [wanted]) {
  const file = fileURLToPath(new URL(`./${workload}.js`, import.meta.url));
  if (!existsSync(file)) continue;
  process.stdout.write(`\n${workload}\n`);
  const [code] = await once(spawn(process.execPath, [file], { stdio: "inherit" }), "exit");
  if (code !== 0) process.exitCode = 1;
}
