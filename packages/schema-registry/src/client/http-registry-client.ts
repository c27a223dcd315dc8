import { z } from "zod";
import {
  checkAnswer,
  configAnswer,
  refusalError,
  registerAnswer,
  schemaAnswer,
  versionAnswer,
  versionsAnswer,
} from "./confluent-answers.ts";
import { RegistryRequestError } from "./registry-client-errors.ts";
import type { RegisteredVersion, RegistryClient, RequestOptions, SchemaOptions } from "./registry-client.ts";
import { createRegistryTransport, type RegistryTransportOptions } from "./registry-transport.ts";
import { createSchemaCache } from "./schema-cache.ts";
import { createSingleFlight } from "./single-flight.ts";

export interface RegistryClientOptions extends RegistryTransportOptions {
  /** Most schemas that are kept by id; 1,000 by default. */
  readonly cacheSize?: number;
}

/**
 * A client of any registry that speaks the Confluent REST API for Avro.
 *
 * Schemas are kept by id, and concurrent look-ups of the same share a request. Time-outs, broken connections, 408, 429
 * and 5xx are retried with backoff and jitter; every operation may be repeated safely.
 *
 * @example
 * const client = createRegistryClient({ url: "http://127.0.0.1:8081" });
 * const { id, version } = await client.register("ledger.FundsDeposited", schemaText);
 */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const transport = createRegistryTransport(options);
  const cache = createSchemaCache(options.cacheSize ?? 1_000);
  const flight = createSingleFlight<RegisteredVersion | null>();

  /** `absent` lists the error codes that mean "there is none". */
  async function ask<T>(
    method: string,
    path: string,
    answer: z.ZodType<T>,
    request: { body?: object; subject?: string; absent?: readonly number[] } & RequestOptions,
  ): Promise<T | null> {
    const response = await transport.send({
      method,
      path,
      ...(request.body && { body: request.body }),
      ...(request.signal && { signal: request.signal }),
    });
    if (response.ok) return transport.read(response, answer);
    if (request.absent?.includes(response.errorCode)) return null;
    throw refusalError(response, request.subject ?? "");
  }

  async function lookup(
    subject: string,
    schema: string,
    options: SchemaOptions = {},
  ): Promise<RegisteredVersion | null> {
    const path = `/subjects/${encodeURIComponent(subject)}`;
    const body = schemaBody(schema, options);
    const load = async (signal: AbortSignal): Promise<RegisteredVersion | null> =>
      ask("POST", path, versionAnswer, { body, subject, signal, absent: [40401, 40403] });
    return flight(JSON.stringify([path, body]), load, options.signal);
  }

  return {
    async register(subject, schema, options = {}) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions`;
      const request = { ...options, body: schemaBody(schema, options), subject };
      const answer = present(await ask("POST", path, registerAnswer, request), path);
      if (answer.version !== undefined && answer.schema !== undefined) {
        const { id, version, schema: text, references, warnings } = answer;
        return { subject, id, version, schema: text, references, warnings };
      }
      // Registries before Confluent 8 answer the id alone.
      return { ...present(await lookup(subject, schema, options), path), warnings: answer.warnings };
    },

    lookup,

    async getSchema(id, options = {}) {
      const load = async (signal: AbortSignal): Promise<string | null> => {
        const found = await ask("GET", `/schemas/ids/${id}`, schemaAnswer, { signal, absent: [40403] });
        return found?.schema ?? null;
      };
      return cache.get(id, load, options.signal);
    },

    async getVersion(subject, version, options = {}) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
      const load = async (signal: AbortSignal): Promise<RegisteredVersion | null> =>
        ask("GET", path, versionAnswer, { subject, signal, absent: [40401, 40402] });
      return flight(path, load, options.signal);
    },

    async listVersions(subject, options = {}) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions`;
      return (await ask("GET", path, versionsAnswer, { ...options, subject, absent: [40401] })) ?? [];
    },

    async getCompatibility(subject, options = {}) {
      const path = `/config/${encodeURIComponent(subject)}`;
      const request = { ...options, subject, absent: [404, 40401, 40408] };
      return (await ask("GET", path, configAnswer, request))?.compatibilityLevel ?? null;
    },

    async setCompatibility(subject, level, options = {}) {
      const path = `/config/${encodeURIComponent(subject)}`;
      await ask("PUT", path, z.unknown(), { ...options, body: { compatibility: level }, subject });
    },

    async checkCompatibility(subject, schema, options = {}) {
      const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions?verbose=true`;
      const request = { ...options, body: schemaBody(schema, options), subject };
      const answer = present(await ask("POST", path, checkAnswer, request), path);
      const { is_compatible: compatible, messages, incompatibilities: reasons, warnings } = answer;
      return { compatible, messages, reasons, warnings };
    },

    async announceReaders(application, readers, options = {}) {
      const path = `/applications/${encodeURIComponent(application)}/readers`;
      // Registries that do not know the path answer 404, or 405 where they know it for something else.
      const request = { ...options, body: { readers }, subject: application, absent: [404, 405] };
      return (await ask("PUT", path, z.unknown(), request)) !== null;
    },
  };
}

function schemaBody(schema: string, { references = [] }: SchemaOptions): object {
  return references.length > 0 ? { schema, references } : { schema };
}

function present<T>(value: T | null, path: string): T {
  if (value !== null) return value;
  throw new RegistryRequestError(`The registry does not know what it has just registered (${path})`, {
    errorCode: 404,
  });
}
