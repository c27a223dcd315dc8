/** An Avro schema as it stands in the store's own catalogue, so that an event never needs the registry to be read. */
export interface EventSchema {
  /** sha256 (lower-case hex) of `text`: the identity of the schema everywhere. */
  readonly sha256: string;
  /** Canonical text (Avro's `Schema.toString()` form). */
  readonly text: string;
  /** Subject in the registry: the record's full name, with `.v<n>` from event version 2 on. */
  readonly subject: string;
  /** Version of that subject in the registry, from 1. */
  readonly version: number;
}

/** The registry's subject of an event version: `ledger.FundsDeposited`, then `ledger.FundsDeposited.v2`. */
export function eventSubject(recordName: string, eventVersion: number): string {
  return eventVersion === 1 ? recordName : `${recordName}.v${eventVersion}`;
}
