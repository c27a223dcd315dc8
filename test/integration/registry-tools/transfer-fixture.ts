import { expect } from "vitest";
import {
  recordText,
  startRegistry,
  type Answer,
  type RunningRegistry,
} from "../registry/registry-fixture.ts";

export const amount = { name: "amount", type: "long" };
const memo = { name: "memo", type: ["null", "string"], default: null };

/** A registry with everything that an export has to carry: 9 versions and 4 settings. */
export async function startSampleRegistry(): Promise<RunningRegistry> {
  const source = await startRegistry();
  const { registry } = source;
  // A type that sorts after those that refer to it, twice removed.
  await registry.register("z.Money", { schema: recordText("Money", [amount]) }, { author: "ada" });
  const money = [{ name: "ledger.Money", subject: "z.Money", version: 1 }];
  const price = recordText("Price", [{ name: "money", type: "Money" }]);
  await registry.register("m.Price", { schema: price, references: money });
  const references = [{ name: "ledger.Price", subject: "m.Price", version: 1 }];
  const metadata = { properties: { owner: "sales" }, tags: { "a.b": ["PII"] } };
  const order = recordText("Order", [{ name: "price", type: "Price" }]);
  await registry.register("a.Order", { schema: order, references, metadata });
  // Deleted versions, in the middle and a whole subject; the same schema under two subjects; a gap in the numbers.
  for (const fields of [[amount], [amount, memo], [memo]]) {
    await registry.register("b.Entry", { schema: recordText("Entry", fields) }, { author: "grace" });
  }
  await registry.deleteVersion("b.Entry", 2);
  await registry.register("c.Copy", { schema: recordText("Entry", [amount]) });
  await registry.deleteSubject("c.Copy");
  await registry.register("d.Gap", { schema: recordText("Gap", [amount]) });
  await registry.register("d.Gap", { schema: recordText("Gap", [amount, memo]) });
  await registry.deleteVersion("d.Gap", 1);
  await registry.deleteVersion("d.Gap", 1, { permanent: true });
  await registry.register(":.staging:e.Other", { schema: recordText("Entry", [amount]) });
  await registry.setCompatibility("FULL");
  await registry.setCompatibility("NONE", "b.Entry");
  await registry.setCompatibility("FORWARD", ":.staging:");
  await registry.setMode("READONLY", "d.Gap");
  return source;
}

export async function exported({ url }: RunningRegistry): Promise<readonly string[]> {
  const response = await fetch(`${url}/export`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("application/x-ndjson");
  return (await response.text()).trimEnd().split("\n");
}

export async function imported(
  { url }: RunningRegistry,
  text: readonly string[],
  query = "",
): Promise<Pick<Answer, "status" | "body">> {
  const response = await fetch(`${url}/import${query}`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: text.map((line) => `${line}\n`).join(""),
  });
  return { status: response.status, body: await response.json() };
}

/** Without the time of the export. */
export function content(text: readonly string[]): readonly string[] {
  return text.slice(1);
}

/** A registry that the test closes. */
export async function withRegistry(run: (target: RunningRegistry) => Promise<void>): Promise<void> {
  const target = await startRegistry();
  try {
    await run(target);
  } finally {
    await target.close();
  }
}
