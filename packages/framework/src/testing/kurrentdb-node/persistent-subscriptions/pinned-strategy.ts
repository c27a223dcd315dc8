import type { Consumer } from "./consumer.ts";
import type { ConsumerStrategy } from "./consumer-strategy.ts";
import type { Message } from "./message.ts";

const bucketCount = 1024;

/**
 * Events of one source stream (or with one `$correlationId`) go to one consumer, through 1024 buckets. A consumer that
 * joins or leaves moves as few buckets as an even share needs.
 */
export function pinnedStrategy(name: "Pinned" | "PinnedByCorrelation"): ConsumerStrategy {
  const consumers: Consumer[] = [];
  const owners: (Consumer | undefined)[] = Array.from({ length: bucketCount }, () => undefined);

  function rebalance(): void {
    const share = Math.ceil(bucketCount / Math.max(consumers.length, 1));
    const owned = new Map(consumers.map((consumer) => [consumer, 0]));
    for (const [bucket, owner] of owners.entries()) {
      const count = owner === undefined ? undefined : owned.get(owner);
      if (owner === undefined || count === undefined || count >= share) owners[bucket] = undefined;
      else owned.set(owner, count + 1);
    }
    for (const [bucket, owner] of owners.entries()) {
      if (owner !== undefined) continue;
      const next = consumers.find((consumer) => (owned.get(consumer) ?? 0) < share);
      if (next === undefined) return;
      owners[bucket] = next;
      owned.set(next, (owned.get(next) ?? 0) + 1);
    }
  }

  return {
    name,
    add(consumer) {
      consumers.push(consumer);
      rebalance();
    },
    remove(consumer) {
      consumers.splice(consumers.indexOf(consumer), 1);
      rebalance();
    },
    push(message) {
      const owner = owners[bucketOf(name === "Pinned" ? sourceStream(message) : correlation(message))];
      if (owner === undefined) return "full";
      if (owner.push(message)) return "sent";
      return consumers.some(({ availableSlots }) => availableSlots > 0) ? "skipped" : "full";
    },
  };
}

function sourceStream({ event, link }: Message): string {
  if (event !== undefined) return event.stream;
  const target = Buffer.from(link?.data ?? "").toString("utf8");
  return target.slice(target.indexOf("@") + 1);
}

function correlation(message: Message): string {
  try {
    const metadata: unknown = JSON.parse(Buffer.from(message.event?.customMetadata ?? "").toString("utf8"));
    if (typeof metadata === "object" && metadata !== null && "$correlationId" in metadata) {
      return String(metadata.$correlationId);
    }
  } catch {
    // Metadata that is not JSON has no correlation id.
  }
  return sourceStream(message);
}

/** FNV-1a: any even and stable hash serves. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key, "utf8")) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % bucketCount;
}
