import type { EventToAppend } from "../event/stored-event.ts";
import type { Logger } from "../telemetry/logger.ts";

/** From here on an event is worth a word, before one of its kind is refused. */
const largeEventBytes = 64 * 1024;

/** Warns of large events, once for each type: every reader reads them again and again. */
export class LargeEventWarning {
  readonly #logger: Logger;
  readonly #warned = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  check(events: readonly EventToAppend[]): void {
    for (const { type, data, meta } of events) {
      const bytes = data.length + meta.length;
      if (bytes < largeEventBytes || this.#warned.has(type)) continue;
      this.#warned.add(type);
      this.#logger.warn(
        { type, bytes },
        `The event ${type} has ${bytes} bytes: keep large content elsewhere and refer to it`,
      );
    }
  }
}
