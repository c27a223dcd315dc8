// An application's module, as the rebuild thread imports it: what its folds do is costly, or too much.
import {
  bigint,
  defineApplication,
  defineEvent,
  defineFoldProjection,
  defineTable,
  text,
} from "@tidemark/framework";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";

export const Counted = defineEvent({
  type: "record",
  name: "Counted",
  namespace: "heavy",
  fields: [{ name: "amount", type: "long" }],
});

const table = defineTable("sums", { id: text(), sum: bigint(), digest: text() }, { primaryKey: ["id"] });

/** About a tenth of a millisecond an event. */
export const sums = defineFoldProjection({
  name: "sums",
  version: 1,
  events: [Counted],
  table,
  keys: (event) => event.aggregateId,
  fold: {
    Counted: (row, { data }, id) => {
      let digest = `${row?.digest ?? ""}${data.amount}`;
      for (let round = 0; round < 60; round += 1) digest = createHash("sha256").update(digest).digest("hex");
      return { id, sum: (row?.sum ?? 0n) + data.amount, digest };
    },
  },
});

const kept = [];

/** Keeps more and more, where it is told to. */
export const hoard = defineFoldProjection({
  name: "hoard",
  version: 1,
  events: [Counted],
  table,
  keys: (event) => event.aggregateId,
  fold: {
    Counted: (row, { data }, id) => {
      if (process.env.HEAVY_HOARDS === "1") for (let n = 0; n < 10_000; n += 1) kept.push({ n, id, data });
      return { id, sum: (row?.sum ?? 0n) + data.amount, digest: "" };
    },
  },
});

/** Writes a file and never comes back, where it is given its name. */
export const loop = defineFoldProjection({
  name: "loop",
  version: 1,
  events: [Counted],
  table,
  keys: (event) => event.aggregateId,
  fold: {
    Counted: (row, { data }, id) => {
      const { HEAVY_LOOPS } = process.env;
      if (HEAVY_LOOPS !== undefined) for (writeFileSync(HEAVY_LOOPS, id); ;);
      return { id, sum: (row?.sum ?? 0n) + data.amount, digest: "" };
    },
  },
});

export default defineApplication({ name: "heavy", aggregates: [], projections: [sums, hoard, loop] });
