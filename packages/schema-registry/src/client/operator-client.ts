import { z } from "zod";
import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import type { RegistryMode } from "../registry/registry-mode.ts";
import type { SchemaReference } from "../registry/schema-reference.ts";
import type { SchemaMetadata } from "../registry/schema-metadata.ts";
import {
  configAnswer,
  detailsAnswer,
  importSummary,
  modeAnswer,
  readersAnswer,
  refusalError,
} from "./confluent-answers.ts";
import { RegistryUnavailableError } from "./registry-client-errors.ts";
import { refusedResponse, type RegistryTransport, type StreamRequest } from "./registry-transport.ts";

/** A version with everything that the registry tells about it; other registries leave some of it out. */
export interface VersionDetails {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly schema: string;
  /** `AVRO`, or what else the registry holds. */
  readonly schemaType: string;
  readonly references: readonly SchemaReference[];
  readonly metadata: SchemaMetadata | null;
  readonly deleted: boolean;
  readonly author: string | null;
  readonly registeredAt: Date | null;
}

/** A reader schema as `GET /subjects/{s}/readers` tells it. */
interface ReaderDetails {
  readonly application: string;
  readonly schema: string;
  readonly references: readonly SchemaReference[];
  readonly announcedAt: Date;
  readonly supersededAt: Date | null;
}

type ImportAnswer = z.output<typeof importSummary>;

/** What an operator asks of a registry, beyond what an application does. Errors are those of `RegistryClient`. */
export interface OperatorClient {
  /** Versions of all subjects that start with a prefix, of all contexts without one; by subject and version. */
  listVersions(
    options: {
      readonly subjectPrefix?: string;
      readonly deleted?: boolean;
      readonly latestOnly?: boolean;
    } & Signal,
  ): Promise<readonly VersionDetails[]>;
  /** One version, soft-deleted or not; null when there is none. */
  getVersion(subject: string, version: number | "latest", options?: Signal): Promise<VersionDetails | null>;
  /** All version numbers of a subject, the soft-deleted included. */
  versionNumbers(subject: string, options?: Signal): Promise<readonly number[]>;
  /** The level of a subject, or the global one; null when the subject has none of its own. */
  getLevel(subject: string | null, options?: Signal): Promise<CompatibilityLevel | null>;
  /** The same for the mode. */
  getMode(subject: string | null, options?: Signal): Promise<RegistryMode | null>;
  /** Null from registries that do not keep readers. */
  readersOf(subject: string, options?: Signal): Promise<readonly ReaderDetails[] | null>;
  /** The bytes of an export; null from registries that have none. */
  openExport(options?: Signal): Promise<ReadableStream<Uint8Array> | null>;
  /** Null from registries that take none. */
  sendImport(
    body: ReadableStream<Uint8Array>,
    options: { readonly dryRun: boolean } & Signal,
  ): Promise<ImportAnswer | null>;
}

interface Signal {
  readonly signal?: AbortSignal;
}

export function createOperatorClient(transport: RegistryTransport): OperatorClient {
  async function ask<T>(
    path: string,
    answer: z.ZodType<T>,
    { absent = [], signal }: { readonly absent?: readonly number[] } & Signal,
  ): Promise<T | null> {
    const response = await transport.send({ method: "GET", path, ...(signal && { signal }) });
    if (response.ok) return transport.read(response, answer);
    if (absent.includes(response.errorCode)) return null;
    throw refusalError(response, "");
  }

  /** Null for 404 and 405: the registry does not have the path. */
  async function stream(request: StreamRequest): Promise<Response | null> {
    const response = await transport.open(request);
    if (response.ok) return response;
    const text = await response.text();
    if (response.status === 404 || response.status === 405) return null;
    if (response.status < 500) throw refusalError(refusedResponse(response.status, text), "");
    throw new RegistryUnavailableError(
      `The schema registry answered ${response.status}: ${text.slice(0, 300)}; try again`,
    );
  }

  const subjectPath = (subject: string): string => `/subjects/${encodeURIComponent(subject)}`;

  return {
    async listVersions({ subjectPrefix, deleted = false, latestOnly = false, ...options }) {
      const list = async (prefix: string): Promise<readonly VersionDetails[]> => {
        const query = new URLSearchParams({
          ...(prefix !== "" && { subjectPrefix: prefix }),
          ...(deleted && { deleted: "true" }),
          ...(latestOnly && { latestOnly: "true" }),
        });
        return (await ask(`/schemas?${query.toString()}`, z.array(detailsAnswer), options)) ?? [];
      };
      if (subjectPrefix !== undefined) return list(subjectPrefix);
      const ofAllContexts = await list(":*:");
      // Registries that know no contexts take that for a prefix like any other.
      return ofAllContexts.length > 0 ? ofAllContexts : list("");
    },

    getVersion: async (subject, version, options = {}) => {
      const deleted = version === "latest" ? "" : "?deleted=true";
      const path = `${subjectPath(subject)}/versions/${version}${deleted}`;
      return ask(path, detailsAnswer, { ...options, absent: [40401, 40402] });
    },

    versionNumbers: async (subject, options = {}) =>
      (await ask(`${subjectPath(subject)}/versions?deleted=true`, z.array(z.number()), {
        ...options,
        absent: [40401],
      })) ?? [],

    async getLevel(subject, options = {}) {
      const path = subject === null ? "/config" : `/config/${encodeURIComponent(subject)}`;
      return (
        (await ask(path, configAnswer, { ...options, absent: [404, 40401, 40408] }))?.compatibilityLevel ??
        null
      );
    },

    async getMode(subject, options = {}) {
      const path = subject === null ? "/mode" : `/mode/${encodeURIComponent(subject)}`;
      return (await ask(path, modeAnswer, { ...options, absent: [404, 405, 40401, 40409] }))?.mode ?? null;
    },

    readersOf: async (subject, options = {}) =>
      ask(`${subjectPath(subject)}/readers`, readersAnswer, { ...options, absent: [404, 405] }),

    async openExport(options = {}) {
      return (await stream({ ...options, method: "GET", path: "/export" }))?.body ?? null;
    },

    async sendImport(body, { dryRun, signal }) {
      const response = await stream({
        method: "POST",
        path: `/import${dryRun ? "?dryRun=true" : ""}`,
        body,
        contentType: "application/x-ndjson",
        ...(signal && { signal }),
      });
      if (response === null) return null;
      return transport.read({ ok: true, body: await response.json() }, importSummary);
    },
  };
}
