import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import type { RegistryMode } from "../registry/registry-mode.ts";
import type { SchemaMetadata } from "../registry/schema-metadata.ts";
import type { SchemaReference } from "../registry/schema-reference.ts";

/** One version of a subject with everything that is known about it, soft-deleted or not. */
export interface TransferredVersion {
  readonly kind: "version";
  /** Qualified by its context. */
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly schema: string;
  readonly references: readonly SchemaReference[];
  readonly metadata: SchemaMetadata | null;
  readonly deleted: boolean;
  readonly author: string | null;
  /** ISO 8601; null from registries that do not tell. */
  readonly registeredAt: string | null;
}

/** What is configured for a subject, for a context (`:.name:`), or, with the scope `""`, for everything. */
export interface TransferredSetting {
  readonly kind: "setting";
  readonly scope: string;
  readonly compatibility: CompatibilityLevel | null;
  readonly mode: RegistryMode | null;
}

/**
 * A line of an export. The first is the header, the last the end, without which an export is not complete. A version
 * comes after every version that its schema refers to.
 */
export type TransferEntry =
  | { readonly kind: "registry"; readonly format: 1; readonly exportedAt: string }
  | TransferredVersion
  | TransferredSetting
  | { readonly kind: "end"; readonly versions: number; readonly settings: number };
