import type { Decimal } from "@tidemark/schema-registry/avro";

/** The names by which `--format` chooses a reader. */
export type SourceFormat = "bank-csv" | "journal";

/** A deposit to or a withdrawal from one bank account. */
export interface TransactionRecord {
  readonly kind: "transaction";
  /** uuid v5 of the format and the transaction's own id: the same in every import of the same record. */
  readonly sourceId: string;
  readonly line: number;
  readonly accountId: string;
  /** `YYYY-MM-DD` */
  readonly date: string;
  readonly direction: "credit" | "debit";
  /** Always positive; `direction` says which way it goes. */
  readonly amount: Decimal;
  readonly reference: string | null;
}

/** An exact amount of one commodity. */
export interface CommodityAmount {
  readonly amount: Decimal;
  readonly commodity: string;
}

export interface EntryPosting extends CommodityAmount {
  readonly account: string;
  /** The posting's total at cost; it has the sign of `amount`, so `-2 A @ 0.71 B` costs -1.42 B. */
  readonly cost: CommodityAmount | null;
}

/** A journal entry whose postings, at cost where one is given, sum to exactly zero in every commodity. */
export interface EntryRecord {
  readonly kind: "entry";
  /** uuid v5 of the entry's hash and of its occurrence number among equal entries of the file. */
  readonly sourceId: string;
  /** The line of the entry's date. */
  readonly line: number;
  /** `YYYY-MM-DD` */
  readonly date: string;
  /** Payee and note as written; empty when the entry has none. */
  readonly description: string;
  readonly postings: readonly EntryPosting[];
}

/** Something that cannot be understood. It is left out, and reading goes on behind it. */
export interface ProblemRecord {
  readonly kind: "problem";
  readonly line: number;
  /** One sentence for the person who edits the file. */
  readonly reason: string;
}

/** Something that was understood and moves no money in this ledger; importers count these by `directive`. */
export interface SkippedRecord {
  readonly kind: "skipped";
  readonly line: number;
  readonly directive: string;
}

export type SourceRecord = TransactionRecord | EntryRecord | ProblemRecord | SkippedRecord;
