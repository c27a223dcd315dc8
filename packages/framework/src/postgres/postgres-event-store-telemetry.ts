import type pg from "pg";
import { EventStoreMeter } from "../telemetry/event-store-meter.ts";
import type { Stall } from "../telemetry/stall.ts";
import type { AppendQueueStatus, EventStoreTelemetry, PoolStatus } from "../telemetry/store-telemetry.ts";
import type { Appender } from "./event-store/appender.ts";
import type { DiskGuard } from "./event-store/disk-guard.ts";
import type { GroupCommitLimits } from "./event-store/group-commit.ts";
import type { LogReader } from "./event-store/log-reader.ts";
import { readAges } from "./event-store/read-ages.ts";
import { poolStatus } from "./pool-status.ts";
import { stallsText, toStall, type StallRow } from "./read-stalls.ts";

interface PostgresEventStoreTelemetryOptions {
  readonly appendPool: pg.Pool;
  readonly readPool: pg.Pool;
  readonly reader: LogReader;
  readonly appender: Appender;
  readonly limits: GroupCommitLimits;
  readonly diskGuard: DiskGuard | null;
}

/** What the event store on PostgreSQL tells about itself. */
export class PostgresEventStoreTelemetry implements EventStoreTelemetry {
  readonly meter = new EventStoreMeter();
  readonly #options: PostgresEventStoreTelemetryOptions;

  constructor(options: PostgresEventStoreTelemetryOptions) {
    this.#options = options;
  }

  get queue(): AppendQueueStatus {
    const { appender, limits } = this.#options;
    const { maxQueuedEvents: maxEvents, maxQueuedBytes: maxBytes } = limits;
    return { ...appender.waiting, maxEvents, maxBytes };
  }

  get isFull(): boolean {
    return this.#options.diskGuard?.isFull ?? false;
  }

  get pools(): readonly PoolStatus[] {
    const { appendPool, readPool } = this.#options;
    return [poolStatus("append", appendPool), poolStatus("read", readPool)];
  }

  ages(positions: readonly bigint[]): Promise<{ readonly head: bigint; readonly ages: readonly number[] }> {
    return readAges(this.#options.reader, positions);
  }

  async stalls(): Promise<readonly Stall[]> {
    const { connections } = this.#options.reader;
    const rows = await connections.query<StallRow>({ text: stallsText, values: [] });
    return rows.map(toStall);
  }
}
