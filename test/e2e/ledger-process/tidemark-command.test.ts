import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { makeServerFolder } from "../../support/server-folder.ts";
import { runTidemark } from "../../integration/cli/run-tidemark.ts";
import { expectBalanced, runToEnd, serveLedger, stopLedger } from "./ledger-process.ts";

const samples = fileURLToPath(new URL("../../../examples/ledger/samples/", import.meta.url));
const application = fileURLToPath(new URL("../../../examples/ledger/dist/app.js", import.meta.url));

test("the tidemark command works on the ledger's own PostgreSQL, while it runs and while it does not", async () => {
  const folder = await makeServerFolder();
  const environment = { LEDGER_DATA_DIR: folder };
  const tidemark = (...args: string[]) =>
    runTidemark([...args, "--app", application, "--data-dir", folder], { env: { DATABASE_URL: "" } });
  const ledger = await serveLedger(environment);
  await runToEnd(environment, ["import", `${samples}household.journal`]);
  const rebuilt = await tidemark("projections", "rebuild", "trial-balance");
  expect(rebuilt).toEqual({ code: 0, stdout: "trial-balance version 1: build 2 serves now.\n", stderr: "" });
  const running = await tidemark("projections", "status");
  expect(running.stdout).toMatch(/trial-balance +1 +2 +active .*ledger on /);
  await expectBalanced(ledger);
  await stopLedger(ledger);

  const verified = await tidemark("projections", "verify", "trial-balance");
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining(", 0 differ") });
  const back = await tidemark("projections", "rollback", "trial-balance");
  expect(back.stdout).toBe("trial-balance version 1: build 1 serves now.\n");
  const again = await serveLedger(environment);
  await expectBalanced(again);
  await stopLedger(again);
}, 120_000);
