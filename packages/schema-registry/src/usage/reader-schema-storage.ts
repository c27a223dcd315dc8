import type { ApplicationReader, ReaderSchema, ReadingApplication } from "./reader-schema.ts";

/** Where the registry keeps who reads what. */
export interface ReaderSchemaStorage {
  /**
   * Makes these the current reader schemas of an application, in one step; its others are superseded, and those that
   * were superseded long ago are forgotten.
   */
  announce(
    application: string,
    readers: readonly (ReaderSchema & { readonly identity: string })[],
  ): Promise<void>;
  /** By application, then subject, the newest first. */
  find(filter: {
    readonly application?: string;
    readonly subject?: string;
  }): Promise<readonly ApplicationReader[]>;
  /** By name. */
  listApplications(): Promise<readonly ReadingApplication[]>;
  /** Whether there was such an application. */
  forget(application: string): Promise<boolean>;
}
