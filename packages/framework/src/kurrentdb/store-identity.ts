import { randomUUID } from "node:crypto";
import { z } from "zod";
import { TidemarkError } from "../errors.ts";
import type { RecordReader } from "./record-reader.ts";
import type { StreamAppender } from "./stream-appender.ts";

const identity = z.object({ storeId: z.uuid(), format: z.number() });

/** What this code writes and reads. */
const format = 1;

/**
 * The id of the store: the first event of its own stream, written by whoever opens it first. Everything else of the
 * store comes behind it in the log.
 *
 * @throws TidemarkError `store-newer`
 */
export async function openStoreIdentity(
  reader: RecordReader,
  appender: StreamAppender,
  stream: string,
): Promise<{ readonly storeId: string; readonly origin: bigint }> {
  for (;;) {
    const chunk = await reader.stream(stream, "start", { direction: "forwards", maxCount: 1 });
    const [first] = chunk?.records ?? [];
    if (first !== undefined) {
      const found = identity.parse(first.data);
      if (found.format <= format) return { storeId: found.storeId, origin: first.commit };
      throw new TidemarkError(
        "store-newer",
        `The event store has format ${found.format}, this framework knows ${format}: update the framework.`,
      );
    }
    const data = { storeId: randomUUID(), format };
    await appender.append(
      stream,
      [
        {
          id: randomUUID(),
          contentType: "application/json",
          type: "tidemark.Store",
          data,
          metadata: undefined,
        },
      ],
      "no-stream",
    );
  }
}
