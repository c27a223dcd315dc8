import type { TransferEntry } from "./transfer-entry.ts";
import type { TransferStorage } from "./transfer-storage.ts";

/** Everything that a storage holds, as the lines of an export. */
export async function* exportEntries(storage: TransferStorage): AsyncGenerator<TransferEntry> {
  const header = { kind: "registry", format: 1, exportedAt: new Date().toISOString() } as const;
  let versions = 0;
  let settings = 0;
  for await (const entry of storage.readAll()) {
    // Not before the storage answers: until the first line a failure can still be told as such.
    if (versions + settings === 0) yield header;
    if ("scope" in entry) {
      settings += 1;
      yield { kind: "setting", scope: entry.scope, compatibility: entry.level, mode: entry.mode };
      continue;
    }
    versions += 1;
    const { subject, version, id, schema, references, metadata, deleted, author, registeredAt } = entry;
    const at = registeredAt.toISOString();
    yield {
      kind: "version",
      subject,
      version,
      id,
      schema,
      references,
      metadata,
      deleted,
      author,
      registeredAt: at,
    };
  }
  if (versions + settings === 0) yield header;
  yield { kind: "end", versions, settings };
}
