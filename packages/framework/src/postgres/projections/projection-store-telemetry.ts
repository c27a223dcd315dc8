import type { Stall } from "../../telemetry/stall.ts";
import type { PoolStatus, StoreTelemetry } from "../../telemetry/store-telemetry.ts";
import { stallsText, toStall, type StallRow } from "../read-stalls.ts";
import type { ProjectionConnections } from "./projection-connections.ts";

/** What the store of read models tells about itself. */
export class ProjectionStoreTelemetry implements StoreTelemetry {
  readonly #connections: ProjectionConnections;

  constructor(connections: ProjectionConnections) {
    this.#connections = connections;
  }

  get pools(): readonly PoolStatus[] {
    return this.#connections.pools;
  }

  async stalls(): Promise<readonly Stall[]> {
    // By name a row could not hold two sessions: their columns are called the same.
    const { rows } = await this.#connections.control.query<StallRow>({ text: stallsText, rowMode: "array" });
    return rows.map(toStall);
  }
}
