import { canonicalText, parseSchema, schemaFingerprint } from "@tidemark/schema-registry/avro";
import {
  InvalidSchemaError,
  RegistryUnavailableError,
  SchemaRefusedError,
  type RegistryClient,
} from "@tidemark/schema-registry/client";
import { TidemarkError } from "../errors.ts";
import type { AnyEventDefinition, EventVersion } from "../event/define-event.ts";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { Logger } from "../telemetry/logger.ts";

/**
 * `on-start` publishes the schemas compiled into this process; `lookup-only` demands that they are published
 * already, for production where CI does it.
 */
export type RegisterMode = "on-start" | "lookup-only";

/** Old code reads new events during a deploy, and new code reads all history. */
const eventCompatibility = "FULL_TRANSITIVE";

/**
 * Lets the registry decide on every event schema of this process, and compares its texts with the store's own.
 * With the registry out of reach, an application whose schemas the store knows starts all the same.
 *
 * @throws TidemarkError `event-schema-refused` naming event, field, rule and earlier version;
 * `event-schema-mismatch` when registry and store disagree; `registry-unavailable`.
 */
export async function registerEventSchemas(options: {
  /** Name under which the registry notes which schemas are read. */
  readonly application: string;
  readonly registry: RegistryClient;
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
  readonly mode: RegisterMode;
  readonly logger: Logger;
}): Promise<void> {
  const { application, registry, eventStore, serializer, mode, logger } = options;
  try {
    for (const definition of serializer.definitions) {
      for (const version of definition.versions) {
        const registered = await publish({ registry, definition, version, mode, logger });
        serializer.registered({
          sha256: version.sha256,
          text: version.schemaText,
          subject: version.subject,
          version: registered,
        });
      }
    }
    await compareWithStore(registry, eventStore);
    await announceReaders(registry, application, serializer, logger);
  } catch (error) {
    if (!(error instanceof RegistryUnavailableError)) throw error;
    await startWithoutRegistry(eventStore, serializer, error);
    logger.warn(
      { err: error },
      "the schema registry is out of reach; every event schema is known to the store, so the start goes on",
    );
  }
}

/** So that whoever removes a field can see who still reads it. A registry that keeps no readers is as good. */
async function announceReaders(
  registry: RegistryClient,
  application: string,
  serializer: EventSerializer,
  logger: Logger,
): Promise<void> {
  const readers = serializer.definitions.flatMap(({ versions }) =>
    versions.map(({ subject, schemaText }) => ({ subject, schema: schemaText })),
  );
  try {
    await registry.announceReaders(application, readers);
  } catch (error) {
    logger.warn({ err: error }, "the registry did not note which event schemas this application reads");
  }
}

async function publish(options: {
  readonly registry: RegistryClient;
  readonly definition: AnyEventDefinition;
  readonly version: EventVersion;
  readonly mode: RegisterMode;
  readonly logger: Logger;
}): Promise<number> {
  const { registry, definition, version, mode, logger } = options;
  const { subject, schemaText } = version;
  if (mode === "lookup-only") {
    const found = await registry.lookup(subject, schemaText);
    if (found !== null) return found.version;
    throw new TidemarkError(
      "event-schema-refused",
      `The event ${definition.recordName} has a schema that subject ${subject} does not hold: ` +
        'publish it first, or start with register: "on-start".',
    );
  }
  try {
    if ((await registry.getCompatibility(subject)) === null) {
      await registry.setCompatibility(subject, eventCompatibility);
    }
    const registered = await registry.register(subject, schemaText);
    for (const warning of registered.warnings) logger.warn({ subject, ...warning }, warning.message);
    return registered.version;
  } catch (error) {
    throw refusal(error, definition, subject);
  }
}

function refusal(error: unknown, definition: AnyEventDefinition, subject: string): unknown {
  if (error instanceof InvalidSchemaError) {
    return new TidemarkError(
      "event-schema-refused",
      `The registry does not accept the schema of ${definition.recordName}: ${error.message}`,
      { cause: error },
    );
  }
  if (!(error instanceof SchemaRefusedError)) return error;
  const reasons = error.reasons.map(
    (reason) =>
      `\n  - ${reason.kind} at ${reason.path} (against version ${reason.version}): ${reason.message.replace(/\.?$/, ".")} ${reason.hint}`,
  );
  if (reasons.length === 0) reasons.push(`\n  - ${error.message}`);
  return new TidemarkError(
    "event-schema-refused",
    `The schema of the event ${definition.recordName} may not join subject ${subject}: it is incompatible with what ` +
      `is stored.${reasons.join("")}\nThree ways out: give the enum a default, make the new field nullable with ` +
      "default null, or define the next version of the event with an upcaster.",
    { cause: error },
  );
}

async function compareWithStore(registry: RegistryClient, eventStore: EventStore): Promise<void> {
  for (const stored of await eventStore.schemas()) {
    if (stored.version === 0) continue;
    const published = await registry.getVersion(stored.subject, stored.version);
    const sha256 =
      published === null ? "missing" : schemaFingerprint(canonicalText(parseSchema(published.schema)));
    if (sha256 === stored.sha256) continue;
    throw new TidemarkError(
      "event-schema-mismatch",
      `Version ${stored.version} of subject ${stored.subject} is ${published === null ? "missing in" : "another schema in"} ` +
        "the registry than in the event store: this registry belongs to another store or was seeded anew. " +
        "Point the application at its own registry, or restore it.",
      {
        details: {
          subject: stored.subject,
          version: stored.version,
          stored: stored.sha256,
          registry: sha256,
        },
      },
    );
  }
}

async function startWithoutRegistry(
  eventStore: EventStore,
  serializer: EventSerializer,
  cause: RegistryUnavailableError,
): Promise<void> {
  const stored = await eventStore.schemas();
  const known = new Set(stored.map(({ sha256 }) => sha256));
  for (const schema of stored) serializer.registered(schema);
  const unknown = serializer.definitions.filter((definition) =>
    definition.versions.some(
      ({ version, sha256 }) => version === definition.writeVersion && !known.has(sha256),
    ),
  );
  if (unknown.length === 0) return;
  throw new TidemarkError(
    "registry-unavailable",
    `The schema registry cannot be reached (${cause.message}), and the store does not know the schema of ` +
      `${unknown.map(({ recordName }) => recordName).join(", ")} yet: start the registry, then this application.`,
    { cause },
  );
}
