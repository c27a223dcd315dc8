import type { OperatorClient, VersionDetails } from "../client/operator-client.ts";
import { inReferenceOrder } from "../transfer/reference-order.ts";
import type { TransferEntry, TransferredSetting } from "../transfer/transfer-entry.ts";
import type { Output } from "./output.ts";

const concurrency = 8;

/**
 * The export of a registry that has none of its own, Confluent's or Karapace, by what its API tells. It is not as of
 * one moment: nothing should be registered meanwhile. Authors are not known there; schemas that are not Avro are left out.
 */
export async function* exportForeign(
  operator: OperatorClient,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): AsyncGenerator<TransferEntry> {
  const live = await operator.listVersions({ signal });
  const all = await operator.listVersions({ deleted: true, signal });
  const liveKeys = new Set(live.map(keyOf));
  const avro = all.filter(({ schemaType }) => schemaType === "AVRO");
  if (avro.length < all.length) {
    output.note(`${all.length - avro.length} versions are left out: they are not Avro`);
  }

  yield { kind: "registry", format: 1, exportedAt: new Date().toISOString() };
  for (const version of inReferenceOrder(avro)) {
    const { subject, version: number, id, schema, references, metadata, author, registeredAt } = version;
    yield {
      kind: "version",
      subject,
      version: number,
      id,
      schema,
      references,
      metadata,
      // Older registries list deleted versions without saying so.
      deleted: version.deleted || !liveKeys.has(keyOf(version)),
      author,
      registeredAt: registeredAt?.toISOString() ?? null,
    };
  }

  const subjects = [...new Set(avro.map(({ subject }) => subject))];
  const settings = await readSettings(subjects, operator, { output, signal });
  yield* settings;
  yield { kind: "end", versions: avro.length, settings: settings.length };
}

function keyOf({ subject, version }: VersionDetails): string {
  return `${version} ${subject}`;
}

async function readSettings(
  subjects: readonly string[],
  operator: OperatorClient,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<readonly TransferredSetting[]> {
  const scopes = [null, ...subjects];
  const found = new Map<string | null, TransferredSetting>();
  const queue = scopes.values();
  let done = 0;

  async function work(): Promise<void> {
    for (const scope of queue) {
      const compatibility = await operator.getLevel(scope, { signal });
      const mode = await operator.getMode(scope, { signal });
      if (compatibility !== null || mode !== null) {
        found.set(scope, { kind: "setting", scope: scope ?? "", compatibility, mode });
      }
      done += 1;
      output.progress(`read the settings of ${done} of ${scopes.length} subjects`);
    }
  }

  await Promise.all(Array.from({ length: concurrency }, work));
  output.progressDone();
  return scopes.flatMap((scope) => found.get(scope) ?? []);
}
