import { defaultRetryStrategy } from "../subscription/retry-strategy.ts";
import type { ProjectorOptions } from "./projection-supervisor-options.ts";

/** What projectors keep to where their owner says nothing. */
export function projectorDefaults(options: ProjectorOptions) {
  return {
    retry: options.retry ?? defaultRetryStrategy,
    parking: options.parking ?? {},
    maxCachedRows: options.maxCachedRows ?? 500_000,
    maxCachedBytes: options.maxCachedBytes ?? 128 * 1024 * 1024,
    maxHandlerBytes: options.maxHandlerBytes ?? 16 * 1024 * 1024,
    maxRowBytes: options.maxRowBytes ?? 1024 * 1024,
    rebuildRate: options.rebuildRate ?? null,
    // Three pages are in memory: of twice the size they outlive more collections, which costs a rebuild a twentieth.
    pageSize: options.pageSize ?? 1_000,
    handlerTimeoutMs: options.handlerTimeoutMs ?? 30_000,
  };
}
