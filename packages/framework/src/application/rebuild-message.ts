import type { ProjectorOptions } from "../projection/projection-supervisor-options.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { StorageModule } from "./storage.ts";

/** What a rebuild thread is started with. */
export interface RebuildThreadData {
  /** Address of the application's module. */
  readonly module: string;
  readonly application: string;
  readonly storage: StorageModule;
  readonly leaseMs: number | undefined;
  readonly projectors: ProjectorOptions | undefined;
}

export type ToRebuildThread =
  | { readonly type: "begin"; readonly build: bigint; readonly startDelayMs: number }
  | { readonly type: "end"; readonly build: bigint }
  | { readonly type: "close" };

export type FromRebuildThread =
  | { readonly type: "ended"; readonly build: bigint }
  | { readonly type: "log"; readonly level: keyof Logger; readonly fields: object; readonly message: string };
