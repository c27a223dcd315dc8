import { TidemarkError } from "../../errors.ts";
import type { LogReader } from "./log-reader.ts";

/** The newest stored layout that this code understands. */
const knownFormat = 1;

export interface StoreIdentity {
  readonly storeId: string;
  /** Where the append procedure notifies. */
  readonly channel: string;
}

/** @throws TidemarkError `store-newer` when a newer framework has written the data. */
export async function readStoreIdentity({ connections, schema }: LogReader): Promise<StoreIdentity> {
  const [row] = await connections.query<[storeId: string, format: string, channel: string]>({
    text: `select store_id, format, 'tidemark_events_' || '${schema.replaceAll("'", "''")}.events'::regclass::oid
           from ${schema}.store`,
    values: [],
  });
  if (row === undefined)
    throw new Error(`${schema}.store is empty: the row that identifies the store was deleted`);
  const [storeId, format, channel] = row;
  if (Number(format) > knownFormat) {
    throw new TidemarkError(
      "store-newer",
      `The event store has format ${format}, this version knows ${knownFormat}: deploy the version that wrote it, or a newer one.`,
    );
  }
  return { storeId, channel };
}
