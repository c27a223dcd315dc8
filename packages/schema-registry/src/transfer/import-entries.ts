import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { canonicalText } from "../avro/canonical-text.ts";
import { RegistryError } from "../errors.ts";
import { createPace } from "../registry/event-loop-pace.ts";
import { effectiveSetting, refuseIfReadOnly } from "../registry/registry-settings.ts";
import {
  checkSchemaText,
  checkUnicode,
  parseRequestedSchema,
  type SchemaLimits,
} from "../registry/requested-schema.ts";
import { schemaIdentity } from "../registry/schema-identity.ts";
import { canonicalMetadata } from "../registry/schema-metadata.ts";
import { schemaPreparation, type SchemaPreparation } from "../registry/schema-preparation.ts";
import { parseSettingScope, parseSubjectName } from "../registry/subject-name.ts";
import type { TransferredSetting, TransferredVersion } from "./transfer-entry.ts";
import { parseTransferLine } from "./transfer-line.ts";
import type { ImportedVersion, TransferWriter } from "./transfer-storage.ts";

/** What an import did. */
export interface ImportSummary {
  readonly versions: {
    readonly added: number;
    /** That were here already, the same. */
    readonly present: number;
  };
  readonly settings: {
    readonly added: number;
    readonly present: number;
    /** Scopes that are configured otherwise here, and stay so; `""` is the global one. */
    readonly differing: readonly string[];
  };
}

interface ImportOptions {
  readonly writer: TransferWriter;
  readonly limits: SchemaLimits;
  readonly defaultLevel: CompatibilityLevel;
}

const portion = 500;

/** Adds the lines of an export, in their order. @throws RegistryError at the first line that cannot be added */
export async function importEntries(
  lines: AsyncIterable<{ readonly line: number; readonly text: string }>,
  { writer, limits, defaultLevel }: ImportOptions,
): Promise<ImportSummary> {
  const { settings, versions } = await stageLines(lines, { writer, limits });
  const added = await writer.addStaged();
  // Now that nobody else writes.
  refuseIfReadOnly((await effectiveSetting(writer.reader, everything, defaultLevel)).mode, everything);
  return {
    versions: { added, present: versions - added },
    settings: await addSettings(writer, settings),
  };
}

const everything = { context: "", qualified: "" };

/** Reads everything, up to the end that shows that it is complete. */
async function stageLines(
  lines: AsyncIterable<{ readonly line: number; readonly text: string }>,
  { writer, limits }: Omit<ImportOptions, "defaultLevel">,
): Promise<{ readonly versions: number; readonly settings: readonly TransferredSetting[] }> {
  // Of its own: what it keeps must not outlive an import that is rolled back.
  const preparation = schemaPreparation(writer.reader, limits);
  const pace = createPace();
  const settings: TransferredSetting[] = [];
  let waiting: ImportedVersion[] = [];
  let versions = 0;
  let isComplete = false;

  async function stage(): Promise<void> {
    if (waiting.length > 0) await writer.stage(waiting);
    waiting = [];
  }

  for await (const { line, text } of lines) {
    const entry = parseTransferLine(text, line);
    if (isComplete) throw incomplete(line, "it goes on after its end");
    switch (entry.kind) {
      case "registry":
        if (line > 1) throw incomplete(line, "a second export begins; import one at a time");
        break;
      case "version":
        // The versions that it refers to are looked for among those put by.
        if (entry.references.length > 0 || waiting.length === portion) await stage();
        waiting.push(await prepareVersion(entry, line, { writer, limits, preparation }));
        versions += 1;
        await pace();
        break;
      case "setting":
        settings.push(entry);
        break;
      case "end":
        isComplete = true;
        if (entry.versions !== versions) throw incomplete(line, `it should hold ${entry.versions} versions`);
    }
  }
  if (!isComplete) throw incomplete(null, "its last line is missing");
  await stage();
  return { versions, settings };
}

function incomplete(line: number | null, reason: string): RegistryError {
  const place = line === null ? "" : ` (line ${line})`;
  return new RegistryError(
    "request-invalid",
    `The export is not complete${place}: ${reason}. Nothing was imported; export it again`,
  );
}

async function prepareVersion(
  entry: TransferredVersion,
  line: number,
  options: Omit<ImportOptions, "defaultLevel"> & { readonly preparation: SchemaPreparation },
): Promise<ImportedVersion> {
  const { writer, limits, preparation } = options;
  try {
    const { context, qualified } = parseSubjectName(entry.subject);
    checkSchemaText({ schema: entry.schema }, limits);
    const references = [];
    const used = [];
    for (const { name, subject, version } of entry.references) {
      const target = parseSubjectName(subject, context).qualified;
      const [found] = await writer.reader.findVersions({ subject: target, version, visibility: "all" });
      if (!found) {
        throw new RegistryError(
          "schema-invalid",
          `it refers to version ${version} of subject "${target}", which is neither here nor on an earlier line`,
        );
      }
      references.push({ name, subject: target, version });
      used.push(await preparation.parseStored(found, writer.reader));
    }
    const schema = canonicalText(parseRequestedSchema(entry.schema, used, limits));
    checkUnicode(schema);
    const metadata = canonicalMetadata(entry.metadata);
    const { id, version, deleted, author } = entry;
    const registeredAt = entry.registeredAt === null ? null : new Date(entry.registeredAt);
    const identity = schemaIdentity(schema, references, metadata);
    const place = { context, subject: qualified, version, id, deleted, author, registeredAt, line };
    return { ...place, schema, references, metadata, ...identity };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const message = `Line ${line} of the import, version ${entry.version} of subject "${entry.subject}": ${error.message}`;
    throw new RegistryError(error.code, message, { cause: error });
  }
}

async function addSettings(
  writer: TransferWriter,
  given: readonly TransferredSetting[],
): Promise<ImportSummary["settings"]> {
  const differing: string[] = [];
  let added = 0;
  let present = 0;
  for (const { scope: text, compatibility: level, mode } of given) {
    if (level === null && mode === null) continue;
    const scope = text === "" ? "" : parseSettingScope(text).qualified;
    const here = (await writer.reader.readSettings([scope])).get(scope);
    if (here === undefined) {
      await writer.addSetting(scope, { level, mode });
      added += 1;
    } else if (here.level === level && here.mode === mode) {
      present += 1;
    } else {
      differing.push(scope);
    }
  }
  return { added, present, differing };
}
