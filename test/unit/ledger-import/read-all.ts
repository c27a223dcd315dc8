import { formatDecimal } from "@tidemark/schema-registry/avro";
import { readBankCsv } from "../../../examples/ledger/src/import/bank-csv.ts";
import { readJournal } from "../../../examples/ledger/src/import/journal.ts";
import type {
  CommodityAmount,
  EntryRecord,
  ProblemRecord,
  SourceRecord,
} from "../../../examples/ledger/src/import/source-record.ts";

/** A source that delivers exactly these chunks. */
export async function* chunksOf<Chunk>(...chunks: readonly Chunk[]): AsyncGenerator<Chunk> {
  yield* chunks;
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function journalRecords(...chunks: readonly (string | Uint8Array)[]): Promise<SourceRecord[]> {
  return collect<SourceRecord>(readJournal(chunksOf(...chunks)));
}

export async function bankRecords(...chunks: readonly (string | Uint8Array)[]): Promise<SourceRecord[]> {
  return collect<SourceRecord>(readBankCsv(chunksOf(...chunks)));
}

export function entriesOf(records: readonly SourceRecord[]): EntryRecord[] {
  return records.filter((record) => record.kind === "entry");
}

export function problemsOf(records: readonly SourceRecord[]): ProblemRecord[] {
  return records.filter((record) => record.kind === "problem");
}

function show({ amount, commodity }: CommodityAmount): string {
  return `${formatDecimal(amount)} ${commodity}`;
}

/** `account  amount commodity [@@ cost]`, one a posting. */
export function showPostings({ postings }: EntryRecord): string[] {
  return postings.map(
    (posting) =>
      `${posting.account}  ${show(posting)}${posting.cost === null ? "" : ` @@ ${show(posting.cost)}`}`,
  );
}

/** The postings of the only entry of a journal; fails on anything but one entry and skipped parts. */
export async function onlyEntry(text: string): Promise<EntryRecord> {
  const records = await journalRecords(text);
  const [entry, second] = entriesOf(records);
  const [problem] = problemsOf(records);
  if (problem !== undefined) throw new Error(`line ${problem.line}: ${problem.reason}`);
  if (entry === undefined || second !== undefined) throw new Error(`not one entry: ${text}`);
  return entry;
}

/** `line: reason` of each problem. */
export async function problemLines(text: string): Promise<string[]> {
  return problemsOf(await journalRecords(text)).map(({ line, reason }) => `${line}: ${reason}`);
}
