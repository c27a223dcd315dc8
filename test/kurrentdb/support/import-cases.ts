import type { ClientLibraryName } from "./client-library.ts";

/** Registers all cases of the spec with one client library. */
export async function importCases(library: ClientLibraryName): Promise<void> {
  process.env["KURRENTDB_CLIENT"] = library;
  await import("../cases/append.ts");
  await import("../cases/append-checks.ts");
  await import("../cases/append-idempotency.ts");
  await import("../cases/deletion.ts");
  await import("../cases/stream-metadata.ts");
  await import("../cases/read-stream.ts");
  await import("../cases/read-all.ts");
  await import("../cases/links.ts");
  await import("../cases/subscribe-to-stream.ts");
  await import("../cases/subscribe-to-all.ts");
  await import("../cases/persistent-administration.ts");
  await import("../cases/persistent-delivery.ts");
  await import("../cases/persistent-parking.ts");
  await import("../cases/persistent-checkpoints.ts");
  await import("../cases/persistent-strategies.ts");
  await import("../cases/persistent-to-all.ts");
  await import("../cases/server-features.ts");
  await import("../cases/test-node.ts");
}
