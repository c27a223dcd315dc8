export type { JavaScriptWarning } from "../javascript/javascript-warning.ts";
export { silentLogger, type Logger } from "../logger.ts";
export type { RefusalReason } from "../registry/schema-refusal.ts";
export type { SchemaReference } from "../registry/schema-reference.ts";
export { createRegistryClient, type RegistryClientOptions } from "./http-registry-client.ts";
export {
  inProcessRegistryClient,
  type InProcessRegistryClientOptions,
} from "./in-process-registry-client.ts";
export {
  InvalidSchemaError,
  RegistryRequestError,
  RegistryUnavailableError,
  SchemaRefusedError,
} from "./registry-client-errors.ts";
export type {
  CompatibilityVerdict,
  ReaderSchema,
  RegisteredVersion,
  Registration,
  RegistryClient,
  RequestOptions,
  SchemaOptions,
} from "./registry-client.ts";
