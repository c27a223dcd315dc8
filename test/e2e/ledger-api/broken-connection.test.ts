import type { KurrentDbTestNode, NodeFault } from "@tidemark/framework/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { startLedger, type Answer, type RunningLedger } from "./running-ledger.ts";

const clients = 4;
const depositsEach = 6;

let ledger: RunningLedger;
let node: KurrentDbTestNode;

beforeAll(async () => {
  ledger = await startLedger({ eventStore: "kurrentdb" });
  if (ledger.node === null) throw new Error("the ledger is not on KurrentDB");
  node = ledger.node;
});

afterAll(() => ledger.close());

/** Sends a deposit again and again under one key, as a careful client does, until it has an answer to keep. */
async function depositUntilAnswered(path: string, key: string): Promise<Answer> {
  for (;;) {
    const answer = await ledger.post(`${path}/deposits`, { amount: "1" }, { "idempotency-key": key });
    if (answer.status === 201) return answer;
    // In progress is what a key says whose first request's outcome is still open.
    expect([409, 503], JSON.stringify(answer.body)).toContain(answer.status);
    expect(answer.headers.get("retry-after")).not.toBeNull();
  }
}

/** Deposits from several clients while something goes wrong all the time. */
async function depositWhile(accountId: string, breakSomething: () => void): Promise<void> {
  const path = `/accounts/${accountId}`;
  await ledger.post("/accounts", { accountId, owner: "Ada", currency: "EUR" });
  let answered = 0;
  let last: Answer | null = null;
  const client = async (_: unknown, number: number): Promise<void> => {
    for (let deposit = 0; deposit < depositsEach; deposit += 1) {
      last = await depositUntilAnswered(path, `${accountId}-${number}-${deposit}`);
      answered += 1;
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  const total = clients * depositsEach;
  for (let seen = 0; seen < total; seen = await waitFor(() => answered > seen && answered)) breakSomething();
  await all;

  node.faults.clear();
  if (last === null) throw new Error("nobody got an answer");
  const wait = { prefer: "wait=30", "consistency-token": "" };
  const current = await ledger.post(`${path}/deposits`, { amount: "1" });
  wait["consistency-token"] = current.headers.get("consistency-token") ?? "";
  expect((await ledger.get(path, wait)).body).toMatchObject({
    balance: String(total + 1),
    revision: String(total + 1),
  });
  const { items } = (await ledger.get(`${path}/statement?limit=1000`, wait)).body;
  expect(items).toHaveLength(total + 1);
}

describe("KurrentDB that loses its clients: each deposit is done once, and read models go on", () => {
  test("connections are cut", () => depositWhile("cut", () => node.disconnect()), 60_000);

  test.each<[string, NodeFault]>([
    ["an answer is lost after the commit", { kind: "drop-append-reply" }],
    ["an append is refused before it", { kind: "refuse-append" }],
    ["the connection breaks after the commit", { kind: "disconnect", on: "after-append" }],
    ["a read breaks in the middle", { kind: "break-read", afterEvents: 1 }],
  ])("%s", (_, fault) => depositWhile(fault.kind, () => void node.faults.next(fault)), 60_000);
});
