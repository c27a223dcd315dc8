import { TidemarkError } from "../errors.ts";

const pattern = /^v1\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(0|[1-9]\d{0,18})$/;

/** Names a point in one store's log: a read that is given it waits until it sees that point. */
export function formatConsistencyToken(storeId: string, position: bigint): string {
  return `v1.${storeId}.${position}`;
}

/**
 * The position in a token of this store.
 *
 * @throws TidemarkError `consistency-token-invalid` when malformed, or made by another store.
 */
export function parseConsistencyToken(token: string, storeId: string): bigint {
  const match = pattern.exec(token);
  if (match === null) {
    throw new TidemarkError(
      "consistency-token-invalid",
      "The consistency token is malformed: send the value of a Consistency-Token header unchanged, or none.",
    );
  }
  if (match[1] !== storeId) {
    throw new TidemarkError(
      "consistency-token-invalid",
      "The consistency token was issued by another event store: drop it and read without one.",
    );
  }
  return BigInt(match[2] ?? "");
}
