import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import type { Incompatibility } from "../compatibility/incompatibility.ts";

/** One reason of a refusal, with the earlier version that it is about. */
export interface RefusalReason extends Incompatibility {
  /** The earlier version of the subject. */
  readonly version: number;
  /** `backward`: the new schema cannot read that version; `forward`: that version cannot read the new schema. */
  readonly direction: "backward" | "forward";
}

/** Why a schema may not join a subject's history. */
export interface SchemaRefusal {
  readonly subject: string;
  readonly level: CompatibilityLevel;
  readonly reasons: readonly RefusalReason[];
  /** The same in Confluent's wording, for clients that print it. */
  readonly messages: readonly string[];
}
