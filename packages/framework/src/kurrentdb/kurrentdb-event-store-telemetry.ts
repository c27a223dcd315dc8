import { EventStoreMeter } from "../telemetry/event-store-meter.ts";
import type { Stall } from "../telemetry/stall.ts";
import type { EventStoreTelemetry, PoolStatus } from "../telemetry/store-telemetry.ts";

/** What the event store on KurrentDB tells about itself: what this process asks of it. The server tells its own. */
export class KurrentDbEventStoreTelemetry implements EventStoreTelemetry {
  readonly meter = new EventStoreMeter();
  readonly queue = null;
  readonly isFull = false;
  readonly pools: readonly PoolStatus[] = [];

  async stalls(): Promise<readonly Stall[]> {
    return [];
  }
}
