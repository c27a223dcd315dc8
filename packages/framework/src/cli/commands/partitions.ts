import type { Command } from "commander";
import type { Application } from "../../application/application.ts";
import type { ConsumerPartitions } from "../../subscription/consumer-partitions.ts";
import type { PartitionReport } from "../../subscription/partition-store.ts";
import { withApplication, type CommandContext } from "../open-application.ts";
import { wholeNumber } from "../parse-option.ts";
import { tableLines } from "../print-table.ts";

/** The same three commands for projections and for subscriptions. */
export function addPartitionCommands(
  group: Command,
  signal: AbortSignal,
  what: string,
  partitionsOf: (application: Application) => ConsumerPartitions,
): void {
  const run = (
    command: Command,
    name: string,
    change: (partitions: ConsumerPartitions) => Promise<void>,
  ): Promise<void> =>
    withApplication(command, signal, async (context) => {
      const partitions = partitionsOf(context.application);
      await change(partitions);
      print(context, await partitions.list(name));
    });

  const list = group
    .command("partitions")
    .description(`the parts that processes share a ${what} by, and where they are`)
    .argument("<name>");
  list.action((name: string) => run(list, name, async () => undefined));

  const split = group
    .command("split")
    .description("cut a partition in two")
    .argument("<name>")
    .argument("<partition>", "its number", wholeNumber);
  split.action((name: string, partition: number) =>
    run(split, name, (partitions) => partitions.split(name, partition)),
  );

  const merge = group
    .command("merge")
    .description("make two neighbouring partitions one, once both stand at the same place")
    .argument("<name>")
    .argument("<left>", "number of one", wholeNumber)
    .argument("<right>", "number of the other", wholeNumber);
  merge.action((name: string, left: number, right: number) =>
    run(merge, name, (partitions) => partitions.merge(name, left, right)),
  );
}

function print({ output }: CommandContext, partitions: readonly PartitionReport[]): void {
  const rows = partitions.map(({ number, from, to, position, mergesWith }) => [
    String(number),
    `${from}-${to}`,
    String(position),
    mergesWith === null ? "" : `merges with ${mergesWith}`,
  ]);
  for (const line of tableLines([["PARTITION", "HASHES", "POSITION", ""], ...rows])) output.line(line);
  output.result(partitions);
}
