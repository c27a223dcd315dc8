import type { Kysely } from "kysely";
import type { AnyEventDefinition } from "../event/define-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { StoredRowOf, Table } from "./define-table.ts";
import type { ProjectionContext } from "./projection-context.ts";

interface ProjectionBase<Name extends string> {
  readonly name: Name;
  /** A new version is built beside the one before; everything is kept by (name, version). */
  readonly version: number;
  readonly events: readonly AnyEventDefinition[];
  /** Partitions that a new build begins with; split and merge change them later. */
  readonly partitions: number;
}

/** A row of a fold projection whose table is not known at compile time. */
export type AnyRow = Readonly<Record<string, unknown>>;

/** The fold form: keys and `(row, event) => row`; the framework loads and writes the rows in bulk. */
export interface FoldProjection<
  Name extends string = string,
  T extends Table = Table,
> extends ProjectionBase<Name> {
  readonly form: "fold";
  readonly table: T;
  /** @internal A key as folds name it, as the values of the primary key's columns. */
  readonly keyParts: (key: unknown) => readonly unknown[];
  /** @internal The keys an event touches, each as the values of the primary key's columns. */
  readonly keysOf: (event: RecordedEvent) => readonly (readonly unknown[])[];
  /** @internal One event applied to one row; `null`: no row. */
  readonly foldRow: (row: AnyRow | undefined, event: RecordedEvent, key: readonly unknown[]) => AnyRow | null;
}

/** A step that makes a build's tables; named, since its text is not part of the fingerprint. */
export interface ProjectionMigration {
  readonly name: string;
  readonly up: (db: Kysely<unknown>) => Promise<unknown>;
}

/** The handlers form: one function per event with a kysely transaction. */
export interface HandlersProjection<
  Name extends string = string,
  Tables = unknown,
> extends ProjectionBase<Name> {
  readonly form: "handlers";
  readonly migrations: readonly ProjectionMigration[];
  /** @internal */
  readonly partitionOf: ((event: RecordedEvent) => string) | null;
  /** @internal Runs the handler of the event's type. */
  readonly handle: (
    tx: Kysely<unknown>,
    event: RecordedEvent,
    context: ProjectionContext,
  ) => Promise<unknown>;
  /** Only for type inference; never set. */
  readonly "~tables"?: Tables;
}

export type AnyProjection = FoldProjection | HandlersProjection;

/** The tables of a projection as kysely sees them. */
export type TablesOf<P extends AnyProjection> =
  P extends FoldProjection<string, infer T>
    ? { readonly [Name in T["name"]]: StoredRowOf<T> }
    : P extends { readonly "~tables"?: infer Tables }
      ? Exclude<Tables, undefined>
      : never;
