import type { SchemaReference } from "../registry/schema-reference.ts";

/** A schema with which an application reads the messages or events of a subject. */
export interface ReaderSchema {
  readonly subject: string;
  /** Avro schema text; canonical where the registry answers it. */
  readonly schema: string;
  readonly references: readonly SchemaReference[];
}

/** A reader schema that an application has told the registry about. */
export interface ApplicationReader extends ReaderSchema {
  readonly application: string;
  readonly firstAnnouncedAt: Date;
  /** When an instance of the application last started with it. */
  readonly announcedAt: Date;
  /** When an instance started without it; null while the newest one reads with it. Older instances may still run. */
  readonly supersededAt: Date | null;
}

/** An application that reads. */
export interface ReadingApplication {
  readonly application: string;
  /** Subjects that its newest instance reads. */
  readonly subjects: number;
  readonly announcedAt: Date;
}
